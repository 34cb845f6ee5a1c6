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
/** Longer than the service ever lets a stream be silent. */
const QUIET_MS = 20_000;

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

/** Takes part as long as somebody is signed in; in the first such tab of a browser it is this one that asks. */
export async function listen() {
  for (;;) {
    await signedIn();
    const ended = new AbortController();
    const unwatch = session.watch(({ state }) => state !== "in" && ended.abort());
    // Over plain HTTP there are no locks: each tab asks by itself.
    await (navigator.locks ? takeTurns(ended.signal) : hold(ended.signal));
    unwatch();
    link.set("starting");
  }
}

/** A session that has ended gives its turn to a tab whose session has not. @param {AbortSignal} ended */
async function takeTurns(ended) {
  const atOnce = await navigator.locks.request(CHANNEL, { ifAvailable: true }, async (lock) => {
    if (lock) await hold(ended);
    return lock !== null;
  });
  if (atOnce) return;
  const waiting = new AbortController();
  ended.addEventListener("abort", () => waiting.abort());
  void overhear(waiting.signal);
  const turn = () => {
    waiting.abort();
    return hold(ended);
  };
  await navigator.locks.request(CHANNEL, { signal: ended }, turn).catch(() => undefined); // it ended before its turn
}

/**
 * Another tab asks and tells. This one does not know yet what was told before, and asks by itself where the other one
 * has gone quiet: a browser may slow down a tab that is out of sight.
 *
 * @param {AbortSignal} over
 */
async function overhear(over) {
  if (dataVersion.get() === null) await poll(over).then(take, () => undefined);
  while (!over.aborted) {
    await pause(QUIET_MS, over);
    if (!over.aborted && Date.now() - heardAt.get() >= QUIET_MS) await pollInstead(over, take);
  }
}

/** @param {AbortSignal} ended */
async function hold(ended) {
  for (let failures = 0; !ended.aborted; ) {
    try {
      await stream(ended, () => (failures = 0));
    } catch {
      failures += 1;
      await pollInstead(ended, tell);
    }
    await pause(AGAIN_AFTER_MS[Math.min(failures, AGAIN_AFTER_MS.length - 1)] ?? POLL_MS, ended);
  }
}

/** Of an ended session nothing is told: the service is there. @param {AbortSignal} over @param {(news: News) => void} told */
async function pollInstead(over, told) {
  if (over.aborted) return;
  await poll(over).then(
    (news) => told({ ...news, link: "polling" }),
    () => over.aborted || told({ link: "away" }),
  );
}

/** @param {AbortSignal} ended @param {() => void} well called when the stream has begun */
async function stream(ended, well) {
  const headers = { Accept: "text/event-stream" };
  const answer = await send("GET", "v1/events", { signal: ended, headers });
  well();
  tell({ link: "live" });
  for await (const event of eventsOf(answer)) tell({ ...event, link: "live" });
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

/** @param {AbortSignal} over @returns {Promise<News>} */
async function poll(over) {
  /** @type {[{ data_version: number }, { loads: Load[] }]} */
  const [sla, page] = await Promise.all([
    get("v1/indicators/sla/uf", { limit: 1 }, over),
    get("v1/loads", { limit: 10 }, over),
  ]);
  return { data_version: sla.data_version, loads: page.loads };
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

/** @param {number} ms @param {AbortSignal} over @returns {Promise<void>} */
function pause(ms, over) {
  return new Promise((resolve) => {
    if (over.aborted) return resolve();
    const go = () => {
      clearTimeout(timer);
      over.removeEventListener("abort", go);
      resolve();
    };
    const timer = setTimeout(go, ms);
    over.addEventListener("abort", go);
  });
}
