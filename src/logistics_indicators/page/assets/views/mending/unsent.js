/**
 * The edits of this tab that were not sent. They outlive a look at another view; a sign-out takes them away, and is asked
 * about. Where somebody else undid the load or settled the rows meanwhile, they are set apart with what happened, and none
 * is lost.
 * Where somebody else signs in before they were sent, they are put away until their own person does so here.
 */

import { get } from "../../api.js";
import { unsentRows } from "../../leaving.js";
import { note } from "../../parts/notes.js";
import { Problem } from "../../problem.js";
import { session } from "../../session.js";
import { storeOf } from "../../store.js";
import { textsOf } from "../../texts.js";
import { keyOf } from "./edits.js";

/** @typedef {import("./edits.js").Edit} Edit */
/** @typedef {import("./edits.js").Edits} Edits */
/** @typedef {import("./edits.js").Reject} Reject */
/** @typedef {{ what: "undone" | "gone" | "mended" | "dropped" | "waiting", by: string }} Happened by: the load that mended, the name of who dropped */
/** @typedef {Edit & { happened: Happened }} Stranded */
/** @typedef {{ rejects: Pick<Reject, "line" | "state" | "mended_by" | "dropped_by">[], proxima_pagina?: string | null }} Page */

const text = textsOf({
  pt: {
    put_away: {
      one: "A edição de {n} linha, de {who}, não foi enviada. Está guardada nesta aba até {who} entrar aqui de novo.",
      other:
        "As edições de {n} linhas, de {who}, não foram enviadas. Estão guardadas nesta aba até {who} entrar aqui de novo.",
    },
  },
  en: {
    put_away: {
      one: "The edit of {n} row by {who} was not sent. It is kept in this tab until {who} signs in here again.",
      other: "The edits of {n} rows by {who} were not sent. They are kept in this tab until {who} signs in here again.",
    },
  },
});

export const unsent = storeOf(/** @type {Edits} */ (new Map()));
/** Edits of rows that are not open any more, by their keys. */
export const stranded = storeOf(/** @type {ReadonlyMap<string, Stranded>} */ (new Map()));

/** @typedef {{ unsent: Edits, stranded: ReadonlyMap<string, Stranded> }} Kept */
/** @type {Kept} */
const NOTHING = { unsent: new Map(), stranded: new Map() };
/** Of those who were here before, by their ids: nobody else sees them or sends them. @type {Map<number, Kept>} */
const putAway = new Map();
let owner = session.get().user;
session.watch(({ state, user }) => {
  if (state === "out") {
    owner = null;
    show(NOTHING);
  } else if (user && user.id !== owner?.id) {
    const before = owner;
    if (before) putAway.set(before.id, { unsent: unsent.get(), stranded: stranded.get() });
    owner = user;
    show(putAway.get(user.id) ?? NOTHING);
    putAway.delete(user.id);
    if (before) setTimeout(tellOf, 0, before); // once the sheet has given up what was being typed
  }
});

/** @param {Kept} kept */
function show(kept) {
  unsent.set(kept.unsent);
  stranded.set(kept.stranded);
}

/** @param {import("../../session.js").User} user */
function tellOf({ id, username }) {
  const { unsent, stranded } = putAway.get(id) ?? NOTHING;
  const n = unsent.size + stranded.size;
  if (n) note(text("put_away", { n, who: username }), "bad"); // it stays until it is read
}

/** What takes the edits of who is here now, even when somebody else has come meanwhile. @returns {(edits: Edits) => void} */
export function keeper() {
  const mine = owner?.id;
  return (edits) => {
    const kept = mine === undefined ? undefined : putAway.get(mine);
    if (owner && owner.id === mine) unsent.set(edits);
    else if (mine !== undefined && kept) putAway.set(mine, { ...kept, unsent: edits });
    guard();
  };
}

/** A tab that is closed, or a person who signs out, is asked about first, as long as there is something to lose. */
function guard() {
  unsentRows.set(unsent.get().size + stranded.get().size);
  const some = [{ unsent: unsent.get(), stranded: stranded.get() }, ...putAway.values()];
  const lost = some.some((kept) => kept.unsent.size + kept.stranded.size > 0);
  (lost ? addEventListener : removeEventListener)("beforeunload", stay);
}
const stay = (/** @type {BeforeUnloadEvent} */ event) => event.preventDefault();
unsent.watch(guard);
stranded.watch(guard);

/** Loads whose edits are on their way: what becomes of these rows is this tab's own doing. @type {Set<number>} */
export const underWay = new Set();

/** @param {(edit: Edit) => boolean} gone */
export function forget(gone) {
  unsent.set(new Map([...unsent.get()].filter(([, edit]) => !gone(edit))));
}

/** The edits of rows that are not among these. @param {Edits} edits @param {readonly Reject[]} rejects */
export function notAmong(edits, rejects) {
  const open = new Set(rejects.map(keyOf));
  return [...edits].filter(([key, { reject }]) => !open.has(key) && !underWay.has(reject.load)).map(([key]) => key);
}

/** Sets apart those of these edits whose rows are not open any more. @param {readonly string[]} keys */
export async function setApart(keys) {
  const edits = keys.flatMap((key) => unsent.get().get(key) ?? []);
  for (const load of new Set(edits.map(({ reject }) => reject.load))) {
    const lines = new Set(edits.filter(({ reject }) => reject.load === load).map(({ reject }) => reject.line));
    const happened = await happenedTo(load, lines);
    const apart = [...unsent.get()].flatMap(([key, edit]) => {
      const what = edit.reject.load === load && happened.get(edit.reject.line);
      return what ? [/** @type {const} */ ([key, { ...edit, happened: what }])] : [];
    });
    stranded.set(new Map([...stranded.get(), ...apart]));
    forget(({ reject }) => reject.load === load && happened.has(reject.line));
  }
}

/**
 * By line, what became of the rows that are not open any more.
 *
 * @param {number} load @param {ReadonlySet<number>} lines
 * @returns {Promise<Map<number, Happened>>}
 */
async function happenedTo(load, lines) {
  const found = await statesOf(load, lines);
  const missing = [...lines].filter((line) => !found.has(line));
  const what = missing.length > 0 && (await isUndone(load)) ? "undone" : "gone";
  /** @type {Map<number, Happened>} */
  const happened = new Map(missing.map((line) => [line, { what, by: "" }]));
  for (const { line, state, mended_by, dropped_by } of found.values()) {
    if (state !== "open") happened.set(line, { what: state, by: String(mended_by ?? dropped_by ?? "") });
  }
  return happened;
}

/** @param {number} load @param {ReadonlySet<number>} lines */
async function statesOf(load, lines) {
  /** @type {Map<number, Page["rejects"][number]>} */
  const found = new Map();
  const fields = "line,state,mended_by,dropped_by";
  /** @type {Page | null} */
  let page = await orNone(get("v1/rejects", { load, state: "all", fields, limit: 1000 }));
  while (page) {
    for (const reject of page.rejects) if (lines.has(reject.line)) found.set(reject.line, reject);
    page = page.proxima_pagina && found.size < lines.size ? await get(page.proxima_pagina) : null;
  }
  return found;
}

/** @param {number} load */
async function isUndone(load) {
  /** @type {import("api").components["schemas"]["Load"] | null} */
  const one = await orNone(get(`v1/loads/${load}`));
  return one?.status === "undone";
}

/**
 * @template T
 * @param {Promise<T>} answer
 * @returns {Promise<T | null>} null: it is not there
 */
async function orNone(answer) {
  try {
    return await answer;
  } catch (problem) {
    if (problem instanceof Problem && problem.status === 404) return null;
    throw problem;
  }
}
