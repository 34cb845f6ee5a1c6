/**
 * What visits are narrowed and figures are told by, here and nowhere else. A dimension of the API that is missing here
 * fails the check of types.
 */

import { language } from "./choices.js";
import { NOTHING } from "./format.js";

/** @typedef {import("api").components["schemas"]["Dimension"]} Dimension */
/** @typedef {{ one: string, many: string, all: string, none?: string }} Words one: as a heading. many: inside of a sentence. all: of a filter that leaves none out. none: without a name */
/** @typedef {{ next: Dimension, pt: Words, en: Words }} Declared next: what is listed of one, where a click narrows to it */
/** @typedef {Partial<Record<Dimension, string | null>>} Named a row of figures: of the one that it is of, the name */

/** In the order of the filters. @type {Readonly<Record<Dimension, Declared>>} */
const DECLARED = {
  angel: {
    next: "polo",
    pt: { one: "Angel", many: "angels", all: "Todos" },
    en: { one: "Angel", many: "angels", all: "All" },
  },
  polo: {
    next: "angel",
    pt: { one: "Polo", many: "polos", all: "Todos" },
    en: { one: "Polo", many: "polos", all: "All" },
  },
  uf: {
    next: "polo",
    pt: { one: "UF", many: "estados", all: "Todas", none: "Sem estado" },
    en: { one: "State", many: "states", all: "All", none: "No state" },
  },
};
export const DIMENSIONS = /** @type {readonly Dimension[]} */ (Object.keys(DECLARED));
/** What a visit itself names. */
export const OF_VISITS = /** @type {const} */ (["angel", "polo"]);
/** What is ranked unless the reader chooses. @type {Dimension} */
const USUAL = "polo";

/** @param {URLSearchParams} params @returns {Dimension} */
export const byOf = (params) => DIMENSIONS.find((each) => each === params.get("by")) ?? USUAL;

/** @param {Dimension} by */
export const nextOf = (by) => DECLARED[by].next;

/** As a heading. @param {Dimension} by */
export const one = (by) => DECLARED[by][language.get()].one;

/** In a filter that leaves none out. @param {Dimension} by */
export const all = (by) => DECLARED[by][language.get()].all;

/** What has no name. @param {Dimension} by */
export const none = (by) => DECLARED[by][language.get()].none ?? NOTHING;

/** Inside of a sentence. @param {Dimension} by */
export const many = (by) => DECLARED[by][language.get()].many;
