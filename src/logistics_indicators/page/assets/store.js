/** A value that many parts look at, and that tells them when it changes. */

import { useLayoutEffect, useState } from "./html.js";
import { read, write } from "./kept.js";

/**
 * @template T
 * @typedef {{ get: () => T, set: (value: T) => void, watch: (seen: (value: T) => void) => () => void }} Store
 */

/**
 * @template T
 * @param {T} first
 * @returns {Store<T>}
 */
export function storeOf(first) {
  let value = first;
  /** @type {Set<(value: T) => void>} */
  const watchers = new Set();
  /** @type {T[]} */
  const untold = [];
  /** @param {T} told */
  function tell(told) {
    for (const seen of [...watchers]) if (watchers.has(seen)) seen(told); // one may have sent another away
  }
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      if (untold.push(next) > 1) return; // who is told of one value sets the next: that is told after it
      try {
        for (const each of untold) tell(each);
      } finally {
        untold.length = 0;
      }
    },
    watch(seen) {
      watchers.add(seen);
      return () => watchers.delete(seen);
    },
  };
}

/**
 * The store's value; the part is drawn again when it changes.
 *
 * @template T
 * @param {Store<T>} store
 * @returns {T}
 */
export function useStore(store) {
  const [value, setValue] = useState(store.get());
  useLayoutEffect(() => {
    setValue(() => store.get());
    return store.watch((next) => setValue(() => next));
  }, [store]);
  return value;
}

/**
 * A choice of this browser, kept between visits where it may be.
 *
 * @template {string} T
 * @param {string} name
 * @param {T} first
 * @param {readonly T[]} known
 * @returns {Store<T>}
 */
export function keptStore(name, first, known) {
  const key = `logistics-indicators.${name}`;
  const store = storeOf(known.find((each) => each === read(key)) ?? first);
  store.watch((value) => write(key, value));
  return store;
}
