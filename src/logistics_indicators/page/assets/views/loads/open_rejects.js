/** How many rejects of a load are open still, as they are mended here or by others. */

import { useData } from "../../data.js";
import { movedLoads } from "../../live.js";
import { useStore } from "../../store.js";

/** @typedef {import("./sending.js").Load} Load */

/** A check keeps no rejects, and those of an undone load went with it. @param {Load} load */
export const keepsRejects = ({ rows_rejected, validate_only, status }) =>
  rows_rejected > 0 && !validate_only && status !== "undone";

/** @param {Load | null} load @returns {number} 0 until it is known */
export function useOpenRejects(load) {
  const news = useStore(movedLoads);
  const asked = load !== null && keepsRejects(load);
  /** @type {import("../../data.js").Answered<{ rows: number }>} */
  const { data } = useData(asked ? "v1/rejects/counts" : null, { load: load?.id, limit: 1 }, { until: news });
  return (asked && data?.rows) || 0;
}
