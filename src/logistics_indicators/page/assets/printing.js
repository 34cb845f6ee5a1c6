/** The page on paper: whole tables, and panels that were not on the screen yet. */

import { theme } from "./choices.js";
import { isAsking } from "./data.js";
import { storeOf } from "./store.js";

const PAPER = matchMedia("print");
const PATIENCE_MS = 5_000;

/** Whether what is drawn now goes to paper. */
export const printing = storeOf(PAPER.matches);

// The first to look: who draws in the page's colours then finds those of paper.
printing.watch((paper) => {
  document.documentElement.dataset.theme = paper ? "light" : theme.get();
});

addEventListener("beforeprint", () => printing.set(true));
addEventListener("afterprint", () => printing.set(false));
PAPER.addEventListener("change", ({ matches }) => printing.set(matches));

// The browser's own dialog cannot wait; a key can, until every panel has its answer.
addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "p" || event.shiftKey || event.altKey || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  void printWhole();
});

async function printWhole() {
  printing.set(true);
  const late = performance.now() + PATIENCE_MS;
  do await frame();
  while ((isAsking() || document.querySelector("main .waiting")) && performance.now() < late);
  await frame(); // the last answer is drawn
  print();
  printing.set(false);
}

/** Drawn, and what was drawn has asked. */
const frame = () => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
