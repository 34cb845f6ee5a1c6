/**
 * The files on their way: kept in this browser with how far each came, so that a reload, a lost network or a restart of
 * the service costs nothing. A file is sent by tus, checked without storing a row, looked at, and then loaded.
 */

import { addressOf, call, get } from "../../api.js";
import { goesBehind } from "../../kinds.js";
import { later } from "../../later.js";
import { Problem } from "../../problem.js";
import { movedLoads } from "../../live.js";
import { renewed, session } from "../../session.js";
import { storeOf } from "../../store.js";
import { textsOf } from "../../texts.js";
import { forget, keep, kept, UNDER_WAY } from "./shelf.js";

/** @typedef {import("api").components["schemas"]["Load"]} Load */
/** @typedef {import("api").components["schemas"]["Upload"]} Upload */
/** @typedef {import("../../kinds.js").Kind} Kind */
/** @typedef {Pick<Problem, "status" | "title" | "message" | "errors">} Trouble as the service said it: it is put in words where it is shown */
/** @typedef {{ on_conflict: "reject" | "update", unknown_customer: "reject" | "wait", look: boolean, columns?: string }} Options */
/**
 * @typedef {{
 *   id: string, user: number, added: number, nth: number, name: string, size: number, kind: Kind, options: Options, file: File | null,
 *   url?: string, sent: number, rate: number, resumed?: number,
 *   step: "waiting" | "sending" | "paused" | "checking" | "checked" | "loading" | "ended" | "refused",
 *   load?: Load, agreed?: boolean, trouble?: Trouble, elsewhere?: boolean,
 * }} Item
 * added: when, in ms; nth: of those that came together. agreed: the check was looked at, and is to be loaded. user: whose it is. file: null once the service has its bytes. sent: bytes; rate: bytes a second; resumed: with how many
 * of them, which the service had kept, it went on. load: the check, then the load itself. elsewhere: another tab sends it
 */

const text = textsOf({
  pt: { unreadable: "O arquivo foi mudado, movido ou apagado depois de escolhido: escolha-o de novo." },
  en: { unreadable: "The file was changed, moved or deleted after it was chosen: choose it again." },
});

const CHUNK_BYTES = 8 * 1024 * 1024;
const RETRY_MS = [0, 500, 1_000, 2_000, 4_000];
const AGAIN_MS = 3_000;
const LOOK_MS = 1_000;
const ENDED = new Set(["completed", "failed", "undone"]);
const RATE_WEIGHT = 0.2;

export const items = storeOf(/** @type {readonly Item[]} */ ([]));
session.watch(({ user }) => items.set(items.get().filter((item) => item.user === user?.id)));
movedLoads.watch((loads) => {
  for (const { id, step, load: before } of items.get()) {
    const load = step === "ended" && loads.find((each) => each.id === before?.id);
    if (load) update(id, { load }); // undone since
  }
});

/** Files that are on the shelf for certain: one that is not there is nobody else's. @type {Set<string>} */
const shelved = new Set();

const dropped = new BroadcastChannel("logistics-indicators.uploads");
/** @param {MessageEvent<string>} told */
dropped.onmessage = ({ data: id }) => takeOff(id);

/** In this tab alone. @param {string} id */
const takeOff = (id) => items.set(items.get().filter((item) => item.id !== id));

/** In this tab alone. @param {string} id @param {Partial<Item>} changes */
const change = (id, changes) => items.set(items.get().map((item) => (item.id === id ? { ...item, ...changes } : item)));

/** @param {string} id @param {Partial<Item>} changes */
function update(id, changes) {
  change(id, changes);
  const item = find(id);
  if (item && ["url", "step", "load", "agreed"].some((name) => name in changes)) void keep(item);
  return item;
}

/** @param {string} id */
const find = (id) => items.get().find((item) => item.id === id);

/** Goes on with what a page before this one had begun. */
export async function resumeKept() {
  const user = session.get().user?.id;
  const all = (await kept()) ?? [];
  const before = all.filter((item) => item.user === user);
  for (const item of all) if (item.user !== user) void forget(item.id);
  for (const { id } of before) shelved.add(id);
  const known = new Set(items.get().map(({ id }) => id));
  show([...items.get(), ...before.filter(({ id }) => !known.has(id))]);
  for (const item of before) if (!known.has(item.id)) void go(item.id);
}

/** What waits for a word may have got it in another tab, or be gone. */
export async function seeOtherTabs() {
  const all = await kept();
  if (all === null) return;
  const there = new Map(all.map((item) => [item.id, item]));
  const before = items.get();
  items.set(before.flatMap((item) => (item.step === "checked" ? (there.get(item.id) ?? []) : item)));
  for (const { id, step } of items.get()) {
    if (step !== "checked" && before.some((item) => item.id === id && item.step === "checked")) void go(id);
  }
}

/**
 * @param {readonly (readonly [File, Kind])[]} files that came together, in their order
 * @param {Options} options
 * @param {Pick<Item, "added" | "nth">} [place] of the first: that of a file which it stands for
 */
export function add(files, options, { added, nth } = { added: Date.now(), nth: 0 }) {
  const user = session.get().user?.id;
  if (user === undefined) return;
  const fresh = files.map(
    ([file, kind], at) =>
      /** @type {Item} */ ({
        ...{ id: newId(), user, added, nth: nth + at, name: file.name, size: file.size, kind, options, file },
        ...{ sent: 0, rate: 0, step: "waiting" },
      }),
  );
  show([...items.get(), ...fresh]);
  for (const item of fresh) {
    void keep(item).then((key) => key === null || shelved.add(item.id));
    void go(item.id);
  }
}

/** Those that came last are on top, whenever the page is opened; what came together stays together. @param {Item[]} all */
const show = (all) => items.set(all.sort((one, other) => other.added - one.added || one.nth - other.nth));

/** crypto.randomUUID is not there over plain HTTP. */
const newId = () => [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16)).join("");

/** One more step, as far as it goes without a person. @param {string} id */
async function go(id) {
  const item = find(id);
  if (!item) return;
  if (session.get().state !== "in") return void setTimeout(go, AGAIN_MS, id);
  try {
    if (item.agreed) await confirmed(item);
    else if (item.load) await watch(item);
    else if (item.step !== "refused") await send(item);
  } catch (problem) {
    const trouble = troubleOf(problem);
    if (isPassing(trouble.status)) {
      update(id, { step: "paused", trouble });
      setTimeout(go, AGAIN_MS, id);
    } else update(id, { step: item.agreed ? "checked" : "refused", agreed: false, trouble });
  }
}

/** What a browser's own store can keep. @param {unknown} problem @returns {Trouble} */
function troubleOf(problem) {
  const { status, title, message, errors } =
    problem instanceof Problem ? problem : new Problem(400, String(problem), "");
  return { status, title, message, errors };
}

/**
 * Of no answer, of a service that is not well, of another request that still holds the upload: they go by themselves.
 * So does that of a session which ended: the frame asks for the password.
 *
 * @param {number} status
 */
const isPassing = (status) => [0, 401, 423, 429].includes(status) || status >= 500;

/**
 * The files that go before this one. Of its own kind those that came earlier, until the service has them: it loads them
 * in that order. Of the kinds to which its rows refer, all: to their end where this one is checked.
 *
 * @param {Item} item
 */
export function filesBefore(item) {
  const first = goesBehind(item.kind);
  const goesOn = item.options.look ? [...UNDER_WAY, "checking", "checked", "loading"] : UNDER_WAY;
  return items.get().filter((each) => {
    if (first.includes(each.kind)) return goesOn.includes(each.step);
    return each.kind === item.kind && UNDER_WAY.includes(each.step) && isEarlier(each, item);
  });
}

/** @param {Item} one @param {Item} other */
const isEarlier = (one, other) => one.added < other.added || (one.added === other.added && one.nth < other.nth);

/** @param {Item} item */
const mustWait = (item) => filesBefore(item).length > 0;

/** @param {Item} item */
async function send(item) {
  if (mustWait(item)) {
    change(item.id, { step: "waiting" });
    const unwatch = items.watch(() => {
      if (find(item.id) && mustWait(item)) return;
      unwatch();
      void go(item.id);
    });
    return;
  }
  await alone(item.id, async () => {
    update(item.id, { step: "sending", trouble: undefined });
    const location = await sendByTus(item);
    if (!find(item.id)) return;
    const load = await loadOf(item.id, location);
    const sent = update(item.id, { load, file: null, step: load.validate_only ? "checking" : "loading" });
    if (sent) await keep(sent); // whoever waits for it looks there
  });
  await go(item.id);
}

/**
 * A file is sent by one tab; the others, which have it from the same shelf, wait, and then look there what became of it.
 *
 * @param {string} id
 * @param {() => Promise<void>} act
 */
async function alone(id, act) {
  const { locks } = navigator;
  if (!locks) return await unlessElsewhere(id, act); // over plain HTTP
  const name = `logistics-indicators.upload.${id}`;
  const acted = await locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock) await unlessElsewhere(id, act);
    return lock !== null;
  });
  if (acted) return;
  change(id, { step: "waiting", elsewhere: true });
  await locks.request(name, () => undefined);
  change(id, { elsewhere: false });
}

/** Acts unless another tab has sent the file meanwhile. @param {string} id @param {() => Promise<void>} act */
async function unlessElsewhere(id, act) {
  const all = shelved.has(id) ? await kept() : null;
  const now = all?.find((item) => item.id === id);
  if (now) change(id, now);
  else if (all) takeOff(id);
  const item = find(id);
  if (item && !item.load && item.step !== "refused") await act();
}

/**
 * The last answer's Location: the load's, where the service has made it already.
 *
 * @param {Item} item
 * @returns {Promise<string | null>}
 */
async function sendByTus(item) {
  const { file } = item;
  if (file === null) return null;
  await mustBeReadable(file);
  /** @type {{ default: typeof import("tus-js-client") }} */
  const { default: tus } = await later("vendor/tus.js");
  if (!find(item.id)) return null;
  const speed = speedometer();
  /** A token that was no longer taken. @type {string | null} */
  let refused = null;
  let unwatch = () => {};
  /** @type {Promise<string | null>} */
  const sent = new Promise((resolve, reject) => {
    const upload = new tus.Upload(file, {
      endpoint: addressOf("v1/uploads").href,
      uploadUrl: find(item.id)?.url,
      chunkSize: CHUNK_BYTES,
      retryDelays: RETRY_MS,
      storeFingerprintForResuming: false,
      metadata: metadataOf(item),
      onBeforeRequest: async (request) => {
        const { token } = session.get();
        const good = token === null || token === refused ? await renewed(token) : token;
        if (good === null) throw new Error("signed out"); // to the answer 401 tus would begin anew
        request.setHeader("Authorization", `Bearer ${good}`);
      },
      onUploadUrlAvailable: () => void update(item.id, { url: upload.url ?? undefined }),
      onProgress: (sent) => {
        if (find(item.id)) update(item.id, { sent, rate: speed(sent), step: "sending", trouble: undefined });
      },
      onAfterResponse: (request, response) => {
        const kept = Number(response.getHeader("Upload-Offset"));
        if (request.getMethod() === "HEAD" && kept > 0) update(item.id, { resumed: kept });
      },
      onShouldRetry: (error) => {
        const status = statusOf(error);
        if (status === 401) refused = session.get().token;
        if (status === 0) update(item.id, { step: "paused", rate: 0 });
        return isPassing(status) || status === 409;
      },
      onSuccess: ({ lastResponse }) => resolve(lastResponse.getHeader("Location") ?? null),
      onError: (error) => reject(problemOfTus(error)),
    });
    unwatch = items.watch(() => {
      if (!find(item.id)) upload.abort().then(() => resolve(null), reject);
    });
    upload.start();
  });
  return await sent.finally(() => unwatch());
}

/** To the sender of requests a file that the browser may not read any more looks like a lost network. @param {File} file */
async function mustBeReadable(file) {
  try {
    await file.slice(0, 1).arrayBuffer();
  } catch {
    throw new Problem(400, text("unreadable"), "");
  }
}

/** @param {Error | import("tus-js-client").DetailedError} error */
const statusOf = (error) => ("originalResponse" in error ? (error.originalResponse?.getStatus() ?? 0) : 0);

/** @param {Error | import("tus-js-client").DetailedError} error */
function problemOfTus(error) {
  const body = "originalResponse" in error ? error.originalResponse?.getBody() : "";
  try {
    const { title = "", detail = "", errors = [] } = JSON.parse(body || "{}");
    return new Problem(statusOf(error), title, detail, errors);
  } catch {
    return new Problem(statusOf(error), error.message, "");
  }
}

/** @param {Item} item @returns {Record<string, string>} */
function metadataOf({ kind, name, options }) {
  const { on_conflict, unknown_customer, look } = options;
  /** @type {Record<string, string>} */
  const asked = { kind, filename: name, on_conflict, validate_only: String(look) };
  if (options.columns) asked.columns = options.columns; // said by hand: see mapping.js
  return goesBehind(kind).length > 0 ? { ...asked, unknown_customer } : asked;
}

/** Bytes a second, smoothed. */
function speedometer() {
  let [at, before, rate] = [performance.now(), -1, 0];
  return (/** @type {number} */ sent) => {
    const now = performance.now();
    if (before >= 0 && now > at) {
      const fresh = (1_000 * (sent - before)) / (now - at);
      rate = rate ? rate + RATE_WEIGHT * (fresh - rate) : fresh;
    }
    [at, before] = [now, sent];
    return Math.max(0, rate);
  };
}

/** @param {string} id @param {string | null} location @returns {Promise<Load>} */
async function loadOf(id, location) {
  const number = /\/v1\/loads\/(\d+)$/.exec(location ?? "")?.[1];
  if (number) return await get(`v1/loads/${number}`);
  const url = find(id)?.url ?? "";
  for (;;) {
    /** @type {Upload} */
    const upload = await get(`v1/uploads/${url.split("/").at(-1)}`);
    if (upload.load_id) return await get(`v1/loads/${upload.load_id}`);
    if (upload.error) throw new Problem(422, upload.error.title, upload.error.detail ?? "");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Follows the load by the stream of news, and asks now and then where none comes. @param {Item} item */
async function watch(item) {
  const seen = (/** @type {Load} */ load) => {
    if (!find(item.id)) return true;
    const ended = ENDED.has(load.status);
    const running = load.validate_only ? "checking" : "loading";
    const step = !ended ? running : load.validate_only && load.status === "completed" ? "checked" : "ended";
    update(item.id, { load, step, trouble: undefined });
    return ended;
  };
  const number = item.load?.id;
  const unwatch = movedLoads.watch((loads) => loads.filter(({ id }) => id === number).forEach(seen));
  try {
    while (find(item.id)?.load?.id === number) {
      if (seen(await get(`v1/loads/${number}`))) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    unwatch();
  }
}

/** What was looked at is loaded, by the next page if this one is left meanwhile. @param {Item} item */
export async function confirm(item) {
  const agreed = update(item.id, { agreed: true, trouble: undefined });
  if (agreed) await keep(agreed);
  await go(item.id);
}

/** The service has its bytes still. Asked again, it answers with the same load. @param {Item} item */
async function confirmed(item) {
  /** @type {{ load: Load }} */
  const { load } = await call("POST", `v1/loads/${item.load?.id}/confirm`);
  update(item.id, { load, step: "loading", agreed: false });
  void go(item.id);
}

/** Takes a file off the list; what was sent of it goes as well, unless it has become a load for good. @param {Item} item */
export async function drop(item) {
  takeOff(item.id);
  dropped.postMessage(item.id);
  const { url, load } = (await kept())?.find(({ id }) => id === item.id) ?? item; // another tab may know more
  await forget(item.id);
  if (load?.validate_only && load.status === "completed") {
    await call("DELETE", `v1/loads/${load.id}`).catch(() => undefined);
  }
  if (url && !load) await takeBack(url);
}

/** What was sent; the request that was broken off may hold it for a moment. @param {string} url */
async function takeBack(url) {
  for (const ms of RETRY_MS) {
    await new Promise((resolve) => setTimeout(resolve, ms));
    try {
      return await call("DELETE", `v1/uploads/${url.split("/").at(-1)}`, { headers: { "Tus-Resumable": "1.0.0" } });
    } catch (problem) {
      if (!(problem instanceof Problem) || problem.status !== 423) return;
    }
  }
}
