/** Short notes at the corner, read aloud, that go by themselves unless they tell of something bad. */

import { html, useEffect } from "../html.js";
import { storeOf, useStore } from "../store.js";
import { common } from "../texts.js";

/** @typedef {"good" | "fair" | "bad"} Tone */
/** @typedef {{ id: number, words: string, tone: Tone }} Note */

const STAYS_MS = 6_000;
const notes = storeOf(/** @type {readonly Note[]} */ ([]));
let last = 0;

/** @param {string} words @param {Tone} [tone] */
export function note(words, tone = "good") {
  const others = notes.get().filter((each) => each.words !== words);
  notes.set([...others.slice(-3), { id: ++last, words, tone }]);
}

/** @param {number} id */
const drop = (id) => notes.set(notes.get().filter((each) => each.id !== id));

export function Notes() {
  const shown = useStore(notes);
  return html`<div class="notes" role="status" aria-live="polite">
    ${shown.map((each) => html`<${One} key=${each.id} ...${each} />`)}
  </div>`;
}

/** @param {Note} note */
function One({ id, words, tone }) {
  useEffect(() => {
    if (tone === "bad") return;
    const timer = setTimeout(drop, STAYS_MS, id);
    return () => clearTimeout(timer);
  }, [id]);
  return html`<div class="notice row spread ${tone}">
    <span>${words}</span><button onClick=${() => drop(id)}>${common("close")}</button>
  </div>`;
}
