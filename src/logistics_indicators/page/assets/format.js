/**
 * Numbers, dates and spans of time as the reader's language writes them. The data's time is local wall time; what the
 * service itself notes is UTC's, and is told in the service's time zone.
 */

import { language } from "./choices.js";
import { zone } from "./zone.js";

const LOCALE = { pt: "pt-BR", en: "en-GB" };
/** @type {Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat | Intl.ListFormat>} */
const made = new Map();

/**
 * @template {Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat | Intl.ListFormat} F
 * @param {string} name
 * @param {(locale: string) => F} make
 * @returns {F}
 */
function format(name, make) {
  const key = `${language.get()} ${name}`;
  if (!made.has(key)) made.set(key, make(LOCALE[language.get()]));
  return /** @type {F} */ (made.get(key));
}

export const NOTHING = "–";
/** @typedef {number | null | undefined} Maybe */

/** @param {Maybe} value @param {number} [digits] */
export function number(value, digits = 0) {
  if (value === null || value === undefined) return NOTHING;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(`number ${digits}`, (locale) => new Intl.NumberFormat(locale, options)).format(value);
}

/** @param {Maybe} value of a hundred */
export function percent(value, digits = 2) {
  return value === null || value === undefined ? NOTHING : `${number(value, digits)}%`;
}

/** With its sign: a change. @param {Maybe} value */
export function signed(value, digits = 0) {
  if (value === null || value === undefined) return NOTHING;
  /** @type {Intl.NumberFormatOptions} */
  const options = { signDisplay: "exceptZero", minimumFractionDigits: digits, maximumFractionDigits: digits };
  return format(`signed ${digits}`, (locale) => new Intl.NumberFormat(locale, options)).format(value);
}

/** 1,2 mil; 3 mi: for axes and the wall. @param {number} value */
export function short(value) {
  /** @type {Intl.NumberFormatOptions} */
  const options = { notation: "compact", maximumFractionDigits: 1 };
  return format("short", (locale) => new Intl.NumberFormat(locale, options)).format(value);
}

/** @param {number} value */
export function bytes(value) {
  if (value < 1_000) return `${number(value)} B`;
  const step = value < 1_000_000 ? 1_000 : 1_000_000;
  return `${number(value / step, value < 10 * step ? 1 : 0)} ${step === 1_000 ? "kB" : "MB"}`;
}

/** The moment of a wall clock, as if it were UTC: no zone moves it. @param {string} text */
const wall = (text) => new Date(`${text.length === 10 ? `${text}T00:00:00` : text}Z`);

/** @param {string | null | undefined} text */
export function day(text) {
  if (!text) return NOTHING;
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { dateStyle: "short", timeZone: "UTC" };
  const at = wall(text.slice(0, 10));
  if (Number.isNaN(at.valueOf())) return text; // out of an address that somebody wrote
  return format("day", (locale) => new Intl.DateTimeFormat(locale, options)).format(at);
}

/** @param {string | null | undefined} text */
export function moment(text) {
  if (!text) return NOTHING;
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { dateStyle: "short", timeStyle: "medium", timeZone: "UTC" };
  return format("moment", (locale) => new Intl.DateTimeFormat(locale, options)).format(wall(text));
}

/** When the service did something. @param {string | number | null | undefined} at UTC's, without a zone; or milliseconds */
export function instant(at) {
  if (!at) return NOTHING;
  const timeZone = zone.get();
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { dateStyle: "short", timeStyle: "medium", timeZone };
  const written = format(`instant ${timeZone}`, (locale) => new Intl.DateTimeFormat(locale, options));
  return written.format(typeof at === "number" ? at : wall(at));
}

/** Of which clock an instant is: GMT-3. @param {string | number} [at] for a zone may have a summer time */
export function zoneName(at = Date.now()) {
  const timeZone = zone.get();
  const named = format(
    `zone ${timeZone}`,
    (locale) => new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: "shortOffset" }),
  );
  const parts = named.formatToParts(typeof at === "number" ? at : wall(at));
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? timeZone;
}

/** With its clock, where no heading tells it. @param {string | number} at */
export const instantOf = (at) => `${instant(at)} ${zoneName(at)}`;

/** @param {string} text the first day of it */
export function month(text) {
  /** @type {Intl.DateTimeFormatOptions} */
  const options = { month: "short", year: "2-digit", timeZone: "UTC" };
  return format("month", (locale) => new Intl.DateTimeFormat(locale, options)).format(wall(text.slice(0, 10)));
}

/** Days with one digit: positive is early. @param {Maybe} seconds */
export function days(seconds, digits = 1) {
  return seconds === null || seconds === undefined ? NOTHING : number(seconds / 86_400, digits);
}

/** One, another and a third. @param {readonly string[]} words */
export const list = (words) => format("list", (locale) => new Intl.ListFormat(locale)).format(words);

/** A wait: 12 s, 3 min. @param {number} seconds */
export function span(seconds) {
  if (seconds < 90) return `${number(Math.max(1, seconds))} s`;
  return seconds < 5_400 ? `${number(seconds / 60)} min` : `${number(seconds / 3_600, 1)} h`;
}
