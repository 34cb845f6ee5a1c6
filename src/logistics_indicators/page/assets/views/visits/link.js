/** From a figure to the visits that it counts. */

import { linkTo } from "../../route.js";
import { filtersOf, rangeOf } from "../../scope.js";

/**
 * The visits that were made, in the period and of the filters of a view.
 *
 * @param {URLSearchParams} params of the view
 * @param {import("../../route.js").Params} [more] narrows them further
 */
export const linkToMade = (params, more = {}) =>
  linkTo("visits", { ...filtersOf(params), ...rangeOf(params), aberto: "false", ...more });

/** Of those the late ones. @param {URLSearchParams} params @param {import("../../route.js").Params} [more] */
export const linkToLate = (params, more = {}) => linkToMade(params, { dias_de_atraso_de: 1, ...more });

/** Those not made yet, of the same filters. @param {URLSearchParams} params @param {import("../../route.js").Params} [more] */
export const linkToOpen = (params, more = {}) => linkTo("visits", { ...filtersOf(params), aberto: "true", ...more });
