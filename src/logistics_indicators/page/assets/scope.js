/** Of which visits a view speaks: the period and the filters that stand in its address. */

import { DIMENSIONS } from "./dimensions.js";
import { today } from "./zone.js";

/** @typedef {import("./dimensions.js").Dimension} Dimension */
/** @typedef {Partial<Record<Dimension | "start_date" | "end_date" | "calendario", string>>} Scope */
/** @typedef {{ start_date: string, end_date: string }} Range */

export const PERIODS = /** @type {const} */ ([
  "all",
  "7d",
  "30d",
  "90d",
  "month",
  "last_month",
  "year",
  "last_year",
  "own",
]);
/** @typedef {typeof PERIODS[number]} Period */

const OTHERS = /** @type {const} */ (["load", "load_id", "updated_by_load", "id_cliente", "part"]);
const SUBJECT = [...DIMENSIONS, "period", "start_date", "end_date", ...OTHERS];

const SCOPE = [...DIMENSIONS, "period", "start_date", "end_date", "calendario"];

/** What a view speaks of, and not how it shows that. @param {URLSearchParams} params */
export const subjectOf = (params) => SUBJECT.map((name) => params.get(name) ?? "").join("\n");

/** Of the period and the filters that an indicator takes. @param {URLSearchParams} params @returns {Scope} */
export function scopeOf(params) {
  return { ...rangeOf(params), ...filtersOf(params), ...given(params, "calendario") };
}

/** @param {URLSearchParams} params @returns {Scope} */
export function filtersOf(params) {
  return Object.assign({}, ...DIMENSIONS.map((name) => given(params, name)));
}

/** As it stands in the address: what another view of the same visits is opened with. @param {URLSearchParams} params */
export const keptScope = (params) => Object.assign({}, ...SCOPE.map((name) => given(params, name)));

/** @param {URLSearchParams} params @param {string} name */
function given(params, name) {
  const value = params.get(name);
  return value ? { [name]: value } : {};
}

/** What a view reads beside the scope: the values of each name, or null where they are too many to tell. @typedef {Readonly<Record<string, readonly string[] | null>>} Takes */

/** What an address says that its view does not understand. @param {URLSearchParams} params @param {Takes} takes */
export const unreadOf = (params, takes) =>
  [...params].filter(([name, value]) => {
    if (name === "period") return !presetOf(value);
    const values = takes[name];
    return values ? !values.includes(value) : values !== null && !SCOPE.includes(name);
  });

/** @param {string | null} name */
const presetOf = (name) => PERIODS.find((each) => each === name);

/** @param {URLSearchParams} params @returns {Period} */
export function periodOf(params) {
  if (params.has("start_date") || params.has("end_date")) return "own";
  return presetOf(params.get("period")) ?? "all";
}

/** @param {URLSearchParams} params @returns {Partial<Range>} */
export function rangeOf(params) {
  const period = periodOf(params);
  if (period === "own") return { ...given(params, "start_date"), ...given(params, "end_date") };
  return rangeOfPeriod(period) ?? {};
}

/**
 * The days of a preset, today included; null for all there is.
 *
 * @param {Period} period
 * @returns {Range | null}
 */
export function rangeOfPeriod(period) {
  const [year = 0, nth = 0, day = 0] = today().split("-").map(Number);
  const month = nth - 1;
  /** @param {number} count */
  const last = (count) => rangeBetween([year, month, day - count + 1], [year, month, day]);
  switch (period) {
    case "7d":
      return last(7);
    case "30d":
      return last(30);
    case "90d":
      return last(90);
    case "month":
      return rangeBetween([year, month, 1], [year, month, day]);
    case "last_month":
      return rangeBetween([year, month - 1, 1], [year, month, 0]);
    case "year":
      return rangeBetween([year, 0, 1], [year, month, day]);
    case "last_year":
      return rangeBetween([year - 1, 0, 1], [year - 1, 11, 31]);
    default:
      return null;
  }
}

/** @typedef {[number, number, number]} Parts year, month from 0, day */

/** @param {Parts} first @param {Parts} last @returns {Range} */
function rangeBetween(first, last) {
  return { start_date: isoDay(first), end_date: isoDay(last) };
}

/** @param {Parts} parts */
const isoDay = (parts) => new Date(Date.UTC(...parts)).toISOString().slice(0, 10);
