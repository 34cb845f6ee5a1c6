/** Which view is shown, and of what: all of it stands in the address, so that a view is a link. */

import { storeOf, useStore } from "./store.js";

/** @typedef {{ view: string, params: URLSearchParams }} Route */
/** @typedef {Record<string, string | number | readonly string[] | null | undefined>} Params */

const FIRST = "summary";

/** @returns {Route} */
function read() {
  const [path = "", query = ""] = location.hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  return { view: path || FIRST, params: new URLSearchParams(query) };
}

const current = storeOf(read());
addEventListener("hashchange", () => current.set(read()));

export const useRoute = () => useStore(current);

/**
 * The address of a view; empty values are left out.
 *
 * @param {string} view
 * @param {Params | URLSearchParams} [params]
 */
export function linkTo(view, params = {}) {
  const query = params instanceof URLSearchParams ? params : searchOf(params);
  return `#/${view}${query.size ? `?${query}` : ""}`;
}

/** @param {Params} params */
export function searchOf(params) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === null || value === undefined || value === "") continue;
    for (const each of Array.isArray(value) ? value : [value]) search.append(name, String(each));
  }
  return search;
}

/** @param {string} view @param {Params | URLSearchParams} [params] */
export function go(view, params) {
  location.hash = linkTo(view, params);
}

/**
 * These parameters with some of them changed. An empty value takes one away.
 *
 * @param {URLSearchParams} params
 * @param {Params} changes
 */
export function changed(params, changes) {
  const next = new URLSearchParams(params);
  for (const name of Object.keys(changes)) next.delete(name);
  for (const [name, value] of searchOf(changes)) next.append(name, value);
  return next;
}

/**
 * The same view of something else: these parameters change, the others stay. An empty value takes one away.
 *
 * @param {Params} changes
 * @param {{ replace?: boolean }} [options] replace: the step before is not one to go back to
 */
export function change(changes, { replace = false } = {}) {
  const { view, params } = current.get();
  const address = linkTo(view, changed(params, changes));
  if (address === location.hash) return;
  if (!replace) {
    location.hash = address;
    return;
  }
  history.replaceState(history.state, "", address);
  current.set(read());
}
