/** What a click on a name, a bar, a tile or a point does: the same view of less, one step further down. */

import { changed, linkTo } from "../../route.js";

/** @typedef {"polo" | "angel" | "uf"} Dimension */
export const DIMENSIONS = /** @type {const} */ (["uf", "polo", "angel"]);

/** What is listed of one: of a state its polos, of a polo its angels, of an angel the polos it works for. */
const NEXT = /** @type {const} */ ({ uf: "polo", polo: "angel", angel: "polo" });

/** @param {URLSearchParams} params @returns {Dimension} */
export const byOf = (params) => DIMENSIONS.find((each) => each === params.get("by")) ?? "polo";

/** @param {URLSearchParams} params @param {Dimension} by @param {string | null} name */
export const narrowTo = (params, by, name) =>
  linkTo("explore", changed(params, { [by]: name, by: name === null ? by : NEXT[by], sort: null }));
