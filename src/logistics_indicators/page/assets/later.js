/** Modules that come when they are needed. */

import { good, Problem } from "./problem.js";

/** As our modules write it. */
const IMPORTED = /^import\b[^"]*"(\.[^"]+)"/gm;

/** What came, and what is on its way. @type {Map<string, Promise<any>>} */
const asked = new Map();

/**
 * The module; a Problem where it does not come, and then the next call asks again. Who calls says what it exports.
 *
 * @param {string} path below the folder of the page's files
 * @returns {Promise<any>}
 */
export function later(path) {
  const module = asked.get(path) ?? brought(new URL(path, import.meta.url).href);
  asked.set(path, module);
  module.catch(() => asked.delete(path));
  return module;
}

/**
 * Many browsers never ask again for a module that once did not come, nor for what imports it. So all of them are fetched
 * before, and the import finds them in the browser's cache.
 *
 * @param {string} address
 */
async function brought(address) {
  await fetched(address, new Set([import.meta.url]));
  return await import(address);
}

/** A module and all that it imports. @param {string} address @param {Set<string>} known @returns {Promise<void>} */
async function fetched(address, known) {
  if (known.has(address)) return;
  known.add(address);
  const source = await textOf(address);
  const needed = [...source.matchAll(IMPORTED)].map(([, path = ""]) => new URL(path, address).href);
  await Promise.all(needed.map((each) => fetched(each, known)));
}

/** @param {string} address */
async function textOf(address) {
  try {
    const answer = await good(await fetch(address));
    return await answer.text();
  } catch (problem) {
    throw problem instanceof Problem ? problem : new Problem(0, "unreachable", "");
  }
}
