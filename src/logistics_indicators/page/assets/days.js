/** Whole days, as texts YYYY-MM-DD. */

/** What the service takes. Fields with these bounds have years of four digits. */
export const BOUNDS = { min: "1900-01-01", max: "2199-12-31" };

const DAY_MS = 86_400_000;
/** @param {string} text */
const time = (text) => Date.parse(`${text}T00:00:00Z`);
/** @param {number} at */
const text = (at) => new Date(at).toISOString().slice(0, 10);

/** @param {string} day @param {number} count */
export const plusDays = (day, count) => text(time(day) + count * DAY_MS);

/** One that begins with a month and ends with it. @param {string} first @param {string} last */
export const isWholeMonth = (first, last) =>
  first.endsWith("-01") && first.slice(0, 7) === last.slice(0, 7) && plusDays(last, 1).endsWith("-01");

/** The date of a year before, which for 29 February is none. @param {string} day */
export const dateBefore = (day) => `${String(Number(day.slice(0, 4)) - 1).padStart(4, "0")}${day.slice(4)}`;
