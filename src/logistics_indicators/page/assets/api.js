/** The service's API, asked with the session's token. Addresses are relative, so that any path prefix works. */

import { good, Problem } from "./problem.js";
import { renewed, session } from "./session.js";
import { searchOf } from "./route.js";

/** @typedef {import("./route.js").Params} Params */
/** @typedef {{ query?: Params | URLSearchParams, body?: unknown, signal?: AbortSignal, headers?: Record<string, string> }} Asked */

/** @param {string} path @param {Params | URLSearchParams} [query] */
export function addressOf(path, query = {}) {
  const search = query instanceof URLSearchParams ? query : searchOf(query);
  const url = new URL(path.replace(/^\//, ""), document.baseURI.split("#")[0]);
  for (const [name, value] of search) url.searchParams.append(name, value);
  return url;
}

/**
 * @template [T=unknown]
 * @param {string} method
 * @param {string} path
 * @param {Asked} [asked]
 * @returns {Promise<T>}
 */
export async function call(method, path, asked = {}) {
  const answer = await send(method, path, asked);
  return answer.status === 204 ? /** @type {T} */ (null) : await answer.json();
}

/**
 * @template T
 * @param {string} path
 * @param {Params | URLSearchParams} [query]
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export const get = (path, query, signal) => call("GET", path, { query, signal });

/**
 * The answer itself, where it is well; a Problem where not. A token that has run out is renewed once; where the browser's
 * session is somebody else's by now, what the one before asked for is not asked in that name.
 *
 * @param {string} method
 * @param {string} path
 * @param {Asked} [asked]
 */
export async function send(method, path, asked = {}) {
  const { token: used, user } = session.get();
  const answer = await once(method, path, asked, used);
  if (answer.status !== 401 || used === null) return await good(answer);
  const token = await renewed(used);
  const isMine = token !== null && session.get().user?.id === user?.id;
  return await good(!isMine ? answer : await once(method, path, asked, token));
}

/** @param {string} method @param {string} path @param {Asked} asked @param {string | null} token */
async function once(method, path, { query, body, signal, headers = {} }, token) {
  /** @type {Record<string, string>} */
  const sent = { Accept: "application/json", ...headers };
  if (token !== null) sent.Authorization = `Bearer ${token}`;
  const raw = body instanceof Blob || typeof body === "string";
  if (body !== undefined && !raw) sent["Content-Type"] = "application/json";
  try {
    return await fetch(addressOf(path, query), {
      method,
      signal,
      headers: sent,
      body: body === undefined || raw ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "unreachable", "");
  }
}
