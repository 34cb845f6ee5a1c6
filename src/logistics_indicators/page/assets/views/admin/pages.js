/** A list that comes in pages: the first ones, and the next when it is asked for. */

import { get } from "../../api.js";
import { useRetried } from "../../data.js";
import { Problem } from "../../problem.js";
import { useEffect, useState } from "../../html.js";

/**
 * @template T
 * @param {string} path
 * @param {string} key of the list in an answer
 * @param {import("../../route.js").Params} [query]
 * @returns {{ rows: T[] | null, problem: Problem | null, more: (() => void) | null, again: () => void }}
 */
export function usePages(path, key, query = {}) {
  const [rows, setRows] = useState(/** @type {T[] | null} */ (null));
  const [next, setNext] = useState("");
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [turn, setTurn] = useState(0);

  /** @param {string} address @param {T[]} before @param {import("../../route.js").Params} asked @param {AbortSignal} [signal] */
  async function take(address, before, asked, signal) {
    try {
      /** @type {Record<string, unknown>} */
      const page = await get(address, asked, signal);
      setRows([...before, .../** @type {T[]} */ (page[key])]);
      setNext(String(page.proxima_pagina ?? ""));
      setProblem(null);
    } catch (error) {
      if (signal?.aborted) return;
      if (!(error instanceof Problem)) throw error;
      setProblem(error);
    }
  }

  useEffect(() => {
    const asking = new AbortController();
    void take(path, [], query, asking.signal);
    return () => asking.abort();
  }, [path, JSON.stringify(query), turn]);

  const more = next ? () => void take(next, rows ?? [], {}) : null;
  const again = () => setTurn((before) => before + 1);
  useRetried(problem, again);
  return { rows, problem, more, again };
}
