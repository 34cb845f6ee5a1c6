// What the three programs share: where and as whom, the files, and what is printed.
import { openAsBlob } from "node:fs";
import { writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";

export const [customers, services, exported] = process.argv.slice(2);
export const url = process.env.LOGISTICS_URL!;
export const account = { username: process.env.LOGISTICS_USERNAME!, password: process.env.LOGISTICS_PASSWORD! };

export async function asFile(path: string): Promise<File> {
  return new File([await openAsBlob(path)], basename(path), { type: "text/csv" });
}

type Watched = { id: number; status: string; rows_inserted: number };

/** The load once it has ended. */
export async function finished(id: number, ask: (id: number) => Promise<Watched>): Promise<Watched> {
  for (;;) {
    const load = await ask(id);
    if (load.status === "completed") return load;
    if (load.status !== "received" && load.status !== "loading") throw new Error(`The load ${load.status}`);
    await setTimeout(1000);
  }
}

export async function report(rows: { polo: string; sla: string }[], mended: number, file: string): Promise<void> {
  await writeFile(exported, file);
  console.log(JSON.stringify({ sla: Object.fromEntries(rows.map((row) => [row.polo, row.sla])), mended }));
}
