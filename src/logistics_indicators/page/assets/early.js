/**
 * The session of this browser's cookie, asked for before all else: this module waits for no view and no library, so that
 * the answer is there when they are.
 */

import { read } from "./kept.js";

/** Of what is kept where there may be a cookie, for no script can see it. */
export const SIGNED_IN = "logistics-indicators.signed-in";
export const ROUTE = "v1/auth/session";

/** @type {Promise<Response> | null} */
let early = read(SIGNED_IN) === null ? null : refresh();
early?.catch(() => undefined); // who takes it is told

function refresh() {
  return fetch(`${ROUTE}/refresh`, { method: "POST" });
}

/** A renewal of the session: at first the one that was asked for early, and then another each time. */
export function refreshed() {
  const answer = early ?? refresh();
  early = null;
  return answer;
}
