/** What a file seems to be, by its columns or its name; a person can say otherwise. */

import { IN_ORDER, KINDS, USUAL } from "../../kinds.js";
import { linesOf } from "./head.js";

/** @typedef {import("../../kinds.js").Kind} Kind */

/** @param {Kind} kind */
const needed = (kind) => KINDS[kind].columns.filter(({ absent }) => !absent).length;
/** A line with fewer cells is a title, or says the delimiter. */
const FEWEST = Math.min(...IN_ORDER.map(needed));
const AN_ID = /^\d+$/;

/** @param {File} file @returns {Promise<Kind>} */
export async function kindOf(file) {
  const lines = (await linesOf(file)) ?? [];
  const cells = lines.find((line) => line.filter(Boolean).length >= FEWEST) ?? [];
  // a file of what refers to another kind may name that one as well: the last counts
  const byName = IN_ORDER.findLast((kind) => KINDS[kind].inName.test(file.name)) ?? USUAL;
  const isHeader = !AN_ID.test(cells[0] ?? "") && IN_ORDER.some((kind) => shareOf(cells, kind) > 0);
  return isHeader ? likeliest(cells, byName) : ofAsMany(cells, byName);
}

/** Where no header tells: the kind that has as many columns. @param {readonly string[]} cells @param {Kind} otherwise */
function ofAsMany({ length }, otherwise) {
  const fits = (/** @type {Kind} */ kind) => needed(kind) <= length && length <= KINDS[kind].columns.length;
  return fits(otherwise) ? otherwise : (IN_ORDER.find(fits) ?? otherwise);
}

/** The kind that more of the columns are of, where one has more than another. @param {readonly string[]} theirs @param {Kind} otherwise */
export function likeliest(theirs, otherwise) {
  return IN_ORDER.reduce((best, kind) => (shareOf(theirs, kind) > shareOf(theirs, best) ? kind : best), otherwise);
}

/** Of a kind's columns, how many they seem to be. @param {readonly string[]} theirs @param {Kind} kind */
const shareOf = (theirs, kind) => Object.keys(guessed(theirs, kind)).length / KINDS[kind].columns.length;

/** What a person would likely say that their columns are. @param {readonly string[]} theirs @param {Kind} kind */
export function guessed(theirs, kind) {
  /** @type {Record<string, string>} */
  const meant = {};
  // another kind's id first, or it would be taken for the own
  const ours = [...KINDS[kind].columns].sort((one, other) => Number(!one.refersTo) - Number(!other.refersTo));
  for (const { name, hint } of ours) {
    const free = theirs.filter((column) => !meant[column]);
    const found = free.find((column) => column.toLowerCase() === name) ?? free.find((column) => hint.test(column));
    if (found) meant[found] = name; // each takes the first that is free
  }
  return meant;
}
