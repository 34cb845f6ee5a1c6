/** The names that rows of figures are of: in words, as a table's first column, and where a click on one leads. */

import { none, one } from "../../dimensions.js";
import { html } from "../../html.js";
import { narrowTo } from "./narrow.js";

/** @typedef {import("../../dimensions.js").Dimension} Dimension */
/** @typedef {import("../../dimensions.js").Named} Named */

/** @param {Named} row @param {Dimension} by @returns {string | null} null: it has none, as polos whose state is not known */
export const nameOf = (row, by) => row[by] ?? null;

/** @param {Named} row @param {Dimension} by */
export const wordsOf = (row, by) => nameOf(row, by) ?? none(by);

/** The view of that name alone. @param {URLSearchParams} params @param {Named} row @param {Dimension} by */
export function hrefOf(params, row, by) {
  const name = nameOf(row, by);
  return name === null ? undefined : narrowTo(params, by, name);
}

/**
 * @template {Named} R
 * @param {URLSearchParams} params
 * @param {Dimension} by
 * @returns {import("../../parts/table.js").Column<R>}
 */
export const nameColumn = (params, by) => ({
  name: "name",
  title: one(by),
  of: (row) => wordsOf(row, by),
  show: (row) => {
    const href = hrefOf(params, row, by);
    return href === undefined ? wordsOf(row, by) : html`<a href=${href}>${wordsOf(row, by)}</a>`;
  },
});
