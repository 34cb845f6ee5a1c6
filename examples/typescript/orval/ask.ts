// How orval's functions ask: with our address and token, a file's answer as its text.
import { url } from "../common.js";

export const session = { token: "" };

export async function ask<T>(path: string, options: RequestInit): Promise<T> {
  const headers = new Headers(options.headers);
  if (session.token) headers.set("Authorization", `Bearer ${session.token}`);
  const response = await fetch(new URL(path, url), { ...options, headers });
  if (!response.ok) throw new Error(await response.text());
  const isJson = response.headers.get("Content-Type")?.includes("json");
  const data: unknown = isJson ? await response.json() : await response.text();
  return { data, status: response.status, headers: response.headers } as T;
}
