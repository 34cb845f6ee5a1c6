/** What this browser's reader chose: language and colours. The browser's own wishes hold until then. */

import { keptStore } from "./store.js";

export const LANGUAGES = /** @type {const} */ (["pt", "en"]);
export const THEMES = /** @type {const} */ (["auto", "light", "dark", "contrast"]);
/** @typedef {typeof LANGUAGES[number]} Language */

const first = (navigator.languages ?? [navigator.language]).map((tag) => tag.slice(0, 2).toLowerCase());
const own = /** @type {Language} */ (first.find((tag) => tag === "pt" || tag === "en") ?? "en");

export const language = keptStore("language", own, LANGUAGES);
export const theme = keptStore("theme", /** @type {typeof THEMES[number]} */ ("auto"), THEMES);

/** Tells the style sheet and the screen reader. */
export function showChoices() {
  const root = document.documentElement;
  const show = () => {
    root.lang = language.get() === "pt" ? "pt-BR" : "en";
    root.dataset.theme = theme.get();
  };
  language.watch(show);
  theme.watch(show);
  show();
}
