/** What a sign-out takes away: a view says of how much, and the frame asks first. */

import { storeOf } from "./store.js";

/** Rows with edits that were not sent. */
export const unsentRows = storeOf(0);
