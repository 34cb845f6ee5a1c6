/** The service's sentences, which are English, in the reader's language. What is not known stays as it came. */

import { bytes, day } from "../format.js";
import { wordWithin } from "../kinds.js";
import { textsOf } from "../texts.js";
import { SENTENCES, THINGS, CHANGES } from "./sentences.js";

const READY = SENTENCES.map(({ of, pt, en }) => ({
  of: new RegExp(of.source, "y"),
  say: textsOf({ pt: { it: pt }, en: { it: en } }),
}));

const things = textsOf({
  pt: Object.fromEntries(THINGS.map(([en, pt]) => [en, pt])),
  en: Object.fromEntries(THINGS.map(([en]) => [en, en])),
});

/** @type {Record<string, (value: string) => string | number>} by the name of a pattern's group; others stand as they are */
const VALUES = {
  n: Number,
  m: Number,
  size: (value) => bytes(Number(value)),
  first: day,
  last: day,
  kind: wordWithin,
  other: wordWithin,
  what: things,
  changes: (value) =>
    CHANGES.reduce(
      (words, { of, pt, en }) => words.replace(of, textsOf({ pt: { it: pt }, en: { it: en } })("it")),
      value,
    ),
};

/**
 * A sentence or several.
 *
 * @param {string} words
 * @param {string} [field] where it is wrong, in a word that stands before it
 */
export function translated(words, field = "") {
  const told = [];
  for (let rest = words.trim(); rest; ) {
    const { said, length } = knownAt(rest, field) ?? asItCame(rest, field);
    if (said) told.push(said);
    rest = rest.slice(length).trimStart();
  }
  return [...new Set(told)].join(" ");
}

/** The same, or null where it begins with a sentence that is not known. @param {string} words */
export const known = (words) => (knownAt(words, "") ? translated(words) : null);

/** The service shows no more of a header. */
const SHOWN_CHARACTERS = 300;

/**
 * How a file that was refused can be sent again, and the names of its columns as far as the service told them.
 *
 * @param {string} words
 * @returns {{ mend: import("./sentences.js").Mend, kind: string, read: string[] } | null} kind: of which it speaks, if of any
 */
export function mendOf(words) {
  for (const { of, mend } of SENTENCES) {
    const found = mend && of.exec(words);
    if (!found) continue;
    const { kind = "", read = "" } = found.groups ?? {};
    const names = read.includes(" | ") ? read.split(" | ") : [];
    return { mend, kind, read: read.length < SHOWN_CHARACTERS ? names : names.slice(0, -1) };
  }
  return null;
}

/** @param {string} words @param {string} field */
function knownAt(words, field) {
  for (const { of, say } of READY) {
    of.lastIndex = 0;
    const found = of.exec(words);
    if (found) return { said: say("it", { ...valuesOf(found.groups ?? {}), field }), length: found[0].length };
  }
  return null;
}

/** @param {Record<string, string | undefined>} groups */
function valuesOf(groups) {
  /** @type {import("../texts.js").Values} */
  const values = {};
  for (const [name, value] of Object.entries(groups)) values[name] = VALUES[name]?.(value ?? "") ?? value ?? "";
  return values;
}

/** As far as the next sentence. @param {string} words @param {string} field */
function asItCame(words, field) {
  const length = /^.*?[.!?](?=\s|$)/s.exec(words)?.[0].length ?? words.length;
  const said = words.slice(0, length);
  return { said: field ? `${field}: ${said}` : said, length };
}
