/** Sending mends: edits of rows, and a rule for a group of them. */

import { call } from "../../api.js";
import { Problem } from "../../problem.js";
import { session } from "../../session.js";
import { keyOf, requestsOf } from "./edits.js";
import { forget, setApart, underWay } from "./unsent.js";

/** @typedef {import("./edits.js").Edits} Edits */
/** @typedef {{ edits: Edits, rule?: Record<string, unknown> }} Asked */
/** @typedef {{ message: string, rows: number, dropped: number, load: { id: number } | null }} Mended */

/** Mends that this tab sent and that have not ended yet. @type {Set<number>} */
export const sent = new Set();
let sender = session.get().user?.id;
session.watch(({ user }) => {
  if (user?.id !== sender) sent.clear(); // nobody is told of another's
  sender = user?.id;
});

/**
 * Sends a mend of a load; its edits are no unsent ones any more. Where somebody else was there before, those rows are set
 * apart and said so, and the others are sent.
 *
 * @param {number} load
 * @param {() => Asked} askedNow asked for again where edits were set apart
 * @returns {Promise<Mended | null>} null: nothing was left to send
 */
export async function mend(load, askedNow) {
  for (;;) {
    const { edits, rule } = askedNow();
    if (edits.size === 0 && !rule) return null;
    underWay.add(load);
    try {
      /** @type {Mended} */
      const done = await call("POST", `v1/loads/${load}/mend`, { body: { ...requestsOf(edits).get(load), rule } });
      forget(({ reject }) => edits.has(keyOf(reject)));
      if (done.load) sent.add(done.load.id);
      return done;
    } catch (problem) {
      const settled = settledLines(problem);
      if (settled.size === 0) throw problem;
      await setApart([...settled].map((line) => keyOf({ load, line })));
    } finally {
      underWay.delete(load);
    }
  }
}

/** The lines that a 409 names, as others have settled them. @param {unknown} problem @returns {Set<number>} */
function settledLines(problem) {
  if (!(problem instanceof Problem) || problem.status !== 409) return new Set();
  return new Set(problem.errors.map(({ loc }) => Number(loc.at(-1))).filter((line) => line > 0));
}
