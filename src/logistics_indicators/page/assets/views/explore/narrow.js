/** What a click on a name, a bar, a tile or a point does: the same view of less, one step further down. */

import { nextOf } from "../../dimensions.js";
import { changed, linkTo } from "../../route.js";

/** @typedef {import("../../dimensions.js").Dimension} Dimension */

/** @param {URLSearchParams} params @param {Dimension} by @param {string | null} name */
export const narrowTo = (params, by, name) =>
  linkTo("explore", changed(params, { [by]: name, by: name === null ? by : nextOf(by), sort: null }));
