/**
 * What changes on the service while the page is open. One tab of a browser holds a stream of events and tells the
 * others; where the stream does not come, the same is asked for every few seconds.
 */

import { get, send } from "./api.js";
import { session } from "./session.js";
import { storeOf } from "./store.js";

/** @typedef {import("api").components["schemas"]["Load"]} Load */
/** @typedef {{ data_version?: number, loads?: Load[], link?: Link }} News */
/** @typedef {"starting" | "live" | "polling" | "away"} Link */

const CHANNEL = "logistics-indicators.live";
const AGAIN_AFTER_MS = [500, 1_000, 2_000, 5_000];
const POLL_MS = 3_000;

/** Changes with each committed change to the visits; null until it is known. */
export const dataVersion = storeOf(/** @type {number | null} */ (null));
/** The newest news of loads: each time a new array. */
export const movedLoads = storeOf(/** @type {readonly Load[]} */ ([]));
export const link = storeOf(/** @type {Link} */ ("starting"));
/** When the service was last heard of. */
export const heardAt = storeOf(0);

const channel = new BroadcastChannel(CHANNEL);
channel.onmessage = (/** @type {MessageEvent<News>} */ { data }) => take(data);

/** @param {News} news */
function take(news) {
  if (news.link) link.set(news.link);
  if (news.link !== "away") heardAt.set(Date.now());
  if (news.data_version !== undefined) dataVersion.set(news.data_version);
  if (news.loads?.length) movedLoads.set(news.loads);
}

/** @param {News} news */
function tell(news) {
  take(news);
  channel.postMessage(news);
}

/** Begins to listen; in the first tab of a browser it is this one that asks. */
export function listen() {
  if (!navigator.locks) return void hold(); // over plain HTTP there are no locks: each tab asks by itself
  void navigator.locks.request(CHANNEL, { ifAvailable: true }, (lock) => (lock ? hold() : queue()));
}

/** Another tab asks, until it is gone. */
function queue() {
  void navigator.locks.request(CHANNEL, hold);
  void greet();
}

/** A tab that waits for its turn does not know yet what the others were told. */
async function greet() {
  await signedIn();
  if (dataVersion.get() === null) await poll().catch(() => undefined);
}

async function hold() {
  for (let failures = 0; ; ) {
    await signedIn();
    try {
      await stream(() => (failures = 0));
    } catch {
      if (session.get().state !== "in") continue; // it has ended: the service is there
      failures += 1;
      await poll().then(
        (news) => tell({ ...news, link: "polling" }),
        () => tell({ link: "away" }),
      );
    }
    await pause(AGAIN_AFTER_MS[Math.min(failures, AGAIN_AFTER_MS.length - 1)] ?? POLL_MS);
  }
}

/** @param {() => void} well called when the stream has begun */
async function stream(well) {
  const ended = new AbortController();
  const unwatch = session.watch(({ state }) => state !== "in" && ended.abort());
  try {
    const headers = { Accept: "text/event-stream" };
    const answer = await send("GET", "v1/events", { signal: ended.signal, headers });
    well();
    tell({ link: "live" });
    for await (const event of eventsOf(answer)) tell({ ...event, link: "live" });
  } finally {
    unwatch();
  }
}

/** @param {Response} answer @returns {AsyncGenerator<News>} */
async function* eventsOf(answer) {
  if (!answer.body) return;
  let text = "";
  for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const blocks = text.split("\n\n");
    text = blocks.pop() ?? "";
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:"));
      yield data.length ? JSON.parse(data.map((line) => line.slice(5)).join("\n")) : {};
    }
  }
}

/** @returns {Promise<News>} */
async function poll() {
  /** @type {[{ data_version: number }, { loads: Load[] }]} */
  const [sla, page] = await Promise.all([get("v1/indicators/sla/uf", { limit: 1 }), get("v1/loads", { limit: 10 })]);
  const news = { data_version: sla.data_version, loads: page.loads };
  take(news);
  return news;
}

/** @returns {Promise<void>} */
function signedIn() {
  return new Promise((resolve) => {
    if (session.get().state === "in") return resolve();
    const unwatch = session.watch(({ state }) => {
      if (state !== "in") return;
      unwatch();
      resolve();
    });
  });
}

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
