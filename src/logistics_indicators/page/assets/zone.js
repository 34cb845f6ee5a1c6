/**
 * The one clock of the screen: the service's time zone, whose day is today and in which every moment that the service
 * noted is told, wherever the browser is. This browser remembers it from one visit to the next.
 */

import { read, write } from "./kept.js";
import { storeOf } from "./store.js";

const KEY = "logistics-indicators.zone";

/** @param {string | null} name */
function isKnown(name) {
  try {
    return name !== null && Boolean(new Intl.DateTimeFormat("en", { timeZone: name }));
  } catch {
    return false; // PostgreSQL has names that browsers do not
  }
}

const kept = read(KEY);
/** Its IANA name; the browser's own until the service has told its. */
export const zone = storeOf(isKnown(kept) ? String(kept) : Intl.DateTimeFormat().resolvedOptions().timeZone);

/** @param {string} name */
export function keepZone(name) {
  if (!isKnown(name)) return;
  write(KEY, name);
  zone.set(name);
}

/** @param {number} [at] @returns {string} the day there, YYYY-MM-DD */
export function today(at = Date.now()) {
  // Of all languages it is Sweden's that writes a day so.
  return new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeZone: zone.get() }).format(at);
}
