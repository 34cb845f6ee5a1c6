/** Ranges of whole days, as texts YYYY-MM-DD: the one that a period is compared with. */

/** @typedef {import("./scope.js").Range} Range */

/** What the service takes. Fields with these bounds have years of four digits. */
export const BOUNDS = { min: "1900-01-01", max: "2199-12-31" };

const DAY_MS = 86_400_000;
/** @param {string} text */
const time = (text) => Date.parse(`${text}T00:00:00Z`);
/** @param {number} at */
const text = (at) => new Date(at).toISOString().slice(0, 10);

/** @param {string} day @param {number} count */
export const plusDays = (day, count) => text(time(day) + count * DAY_MS);

/** As many days right before. @param {Range} range @returns {Range} */
export function daysBefore({ start_date, end_date }) {
  const count = Math.round((time(end_date) - time(start_date)) / DAY_MS) + 1;
  return { start_date: plusDays(start_date, -count), end_date: plusDays(start_date, -1) };
}

/** The same days of the year before; 29 February becomes the 28th. @param {Range} range @returns {Range} */
export const yearBefore = ({ start_date, end_date }) => ({
  start_date: lastYear(start_date),
  end_date: lastYear(end_date),
});

/** @param {string} day */
function lastYear(day) {
  const [year = "", month = "", date = ""] = day.split("-");
  const before = `${String(Number(year) - 1).padStart(4, "0")}-${month}`;
  return month === "02" && date === "29" ? `${before}-28` : `${before}-${date}`;
}
