/**
 * Who is signed in. The access token is in this tab's memory alone; the refresh token is in a cookie that no script
 * can read and that goes to the refresh route alone, so that a reload of the page keeps the session.
 */

import { good, Problem } from "./problem.js";
import { refreshed, ROUTE, SIGNED_IN } from "./early.js";
import { read, write } from "./kept.js";
import { storeOf } from "./store.js";
import { clear } from "./views/loads/shelf.js";

/** @typedef {import("api").components["schemas"]["UserOut"]} User */
/** @typedef {{ token: string | null, user: User | null, state: "unknown" | "out" | "in" | "expired" }} Session */
/** @typedef {{ access_token: string, expires_in: number, user: User }} SignedIn */

const BEFORE_ITS_END = 0.8;
const AGAIN_AFTER_MS = 5_000;
const RANK = { viewer: 0, analyst: 1, admin: 2 };

/** @type {import("./store.js").Store<Session>} */
export const session = storeOf(/** @type {Session} */ ({ token: null, user: null, state: "unknown" }));

/** @type {Promise<string | null> | null} */
let renewing = null;
let timer = 0;

/** @param {"viewer" | "analyst" | "admin"} role */
export function may(role) {
  const user = session.get().user;
  return user !== null && RANK[user.role] >= RANK[role];
}

/** @param {Promise<Response>} answer */
async function reached(answer) {
  try {
    return await answer;
  } catch {
    throw new Problem(0, "unreachable", "");
  }
}

/** @param {string} username @param {string} password */
export async function signIn(username, password) {
  const body = JSON.stringify({ username, password });
  const headers = { "Content-Type": "application/json" };
  const answer = await good(await reached(fetch(ROUTE, { method: "POST", body, headers })));
  keep(await answer.json());
}

/** @param {boolean} [everywhere] on every device */
export async function signOut(everywhere = false) {
  const answer = await reached(fetch(`${ROUTE}${everywhere ? "?everywhere=true" : ""}`, { method: "DELETE" }));
  if (answer.status !== 401) await good(answer);
  end("out");
  told.postMessage("out");
}

/**
 * An expired session's user stays known: the views behind the dialog stay as they are.
 *
 * @param {"out" | "expired"} state
 */
function end(state) {
  clearTimeout(timer);
  if (state === "out") clear();
  write(SIGNED_IN, null);
  session.set({ token: null, user: state === "expired" ? session.get().user : null, state });
}

/**
 * A new token in the place of the one that was used; null where the session has ended. Asked once however many wait.
 *
 * @param {string | null} used
 * @returns {Promise<string | null>}
 */
export async function renewed(used) {
  const now = session.get().token;
  if (now !== used) return now;
  renewing ??= renew().finally(() => (renewing = null));
  return await renewing;
}

async function renew() {
  const answer = await reached(refreshed());
  if (answer.ok) return keep(await answer.json());
  if (answer.status !== 401) await good(answer);
  end(session.get().user ? "expired" : "out");
  return null;
}

/**
 * Where it is somebody else than before, the views begin anew, without what the other one had typed.
 *
 * @param {SignedIn} signedIn
 */
function keep({ access_token: token, expires_in: seconds, user }) {
  const known = session.get().user;
  const same = known !== null && JSON.stringify(known) === JSON.stringify(user);
  session.set({ token, user: same ? known : user, state: "in" });
  write(SIGNED_IN, "yes");
  clearTimeout(timer);
  timer = setTimeout(renewInTime, seconds * 1000 * BEFORE_ITS_END, token);
  return token;
}

/** @param {string} token */
function renewInTime(token) {
  renewed(token).catch(() => {
    timer = setTimeout(renewInTime, AGAIN_AFTER_MS, token);
  });
}

/** Goes on with the session of the cookie, if there is one. */
export async function resume() {
  if (read(SIGNED_IN) === null) end("out");
  else await renewed(null);
}

const told = new BroadcastChannel("logistics-indicators.session");
told.onmessage = () => end("out");
