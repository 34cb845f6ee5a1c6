/**
 * The rows of a list of the service, a page more at each wish. They stay as many when the data changes. For paper there are
 * as many as it takes.
 */

import { get } from "../../api.js";
import { counted, useRetried } from "../../data.js";
import { Problem } from "../../problem.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../../html.js";
import { dataVersion } from "../../live.js";
import { printing } from "../../printing.js";
import { searchOf } from "../../route.js";
import { session } from "../../session.js";
import { useStore } from "../../store.js";

/** @typedef {import("../../parts/near_names.js").Near} Near */
/**
 * @template R
 * @typedef {{ rows: readonly R[], next: string | null, near: Near | null }} Found
 */
/**
 * @template R
 * @typedef {{ rows: readonly R[] | null, near: Near | null, problem: Problem | null, waiting: boolean, more: (() => void) | null, again: () => void }} Listed
 * near: names near to one that is not there. more: asks for the next page, where there is one
 */

const PAGE = 100;
const MOST = 1_000;
const MOST_ON_PAPER = 2_000;
const NOTHING_YET = { rows: null, next: null, near: null };

/**
 * @template R
 * @param {string} path
 * @param {string} key of the rows in the answer
 * @param {import("../../route.js").Params} query
 * @returns {Listed<R>}
 */
export function useList(path, key, query) {
  const version = useStore(dataVersion);
  const { state: signedIn } = useStore(session);
  const [turn, setTurn] = useState(0);
  const question = `${path}?${searchOf(query)}`;
  const [state, setState] = useState(
    /** @returns {{ rows: readonly R[] | null, next: string | null, near: Near | null, problem: Problem | null, question: string | null }} */ () => ({
      ...NOTHING_YET,
      problem: null,
      question: null,
    }),
  );
  const shown = useRef(PAGE);
  const asking = useRef(new AbortController());

  /** @param {(signal: AbortSignal) => Promise<Found<R>>} ask */
  function take(ask) {
    asking.current.abort();
    const { signal } = (asking.current = new AbortController());
    counted(ask(signal)).then(
      (found) => {
        if (signal.aborted) return;
        shown.current = Math.max(PAGE, found.rows.length);
        setState({ ...found, problem: null, question });
      },
      (problem) => {
        if (signal.aborted) return;
        if (!(problem instanceof Problem)) throw problem;
        if (problem.status === 401) return; // the frame asks for the password, and then this is asked again
        setState((before) => ({ ...before, ...(before.question === question ? {} : NOTHING_YET), problem, question }));
      },
    );
  }

  useEffect(() => {
    if (signedIn !== "in") return;
    const wanted = state.question === question ? shown.current : PAGE;
    take((signal) => rowsOf(path, key, query, wanted, signal));
  }, [question, version, turn, signedIn]);
  useEffect(() => () => asking.current.abort(), []);

  const waiting = state.question !== question;
  const printed = useOnPaper(path, key, query, state.next !== null && !waiting);
  const { rows, next, near } = printed ?? state;
  function more() {
    const before = rows ?? [];
    shown.current = before.length + PAGE; // asked again meanwhile, the list is to be as long
    take(async (signal) => {
      const page = await pageOf(/** @type {string} */ (next), key, {}, signal);
      return { rows: [...before, ...page.rows], next: page.next, near };
    });
  }
  const again = () => setTurn((before) => before + 1);
  useRetried(state.problem, again);
  return {
    rows,
    near,
    problem: state.problem,
    waiting,
    more: next && !waiting ? more : null,
    again,
  };
}

/**
 * More of the rows, while they are printed; null: those that are shown are all, or all that paper can have.
 *
 * @template R
 * @param {string} path
 * @param {string} key
 * @param {import("../../route.js").Params} query
 * @param {boolean} some there are more than are shown
 */
function useOnPaper(path, key, query, some) {
  const asked = useStore(printing) && some;
  const [found, setFound] = useState(/** @type {Found<R> | null} */ (null));
  useLayoutEffect(() => {
    if (!asked) return;
    const asking = new AbortController();
    const { signal } = asking;
    counted(rowsOf(path, key, query, MOST_ON_PAPER, signal)).then(
      (all) => signal.aborted || setFound(/** @type {Found<R>} */ (all)),
      (problem) => {
        if (!signal.aborted && !(problem instanceof Problem)) throw problem;
      },
    );
    return () => {
      asking.abort();
      setFound(null);
    };
  }, [asked, path, `${searchOf(query)}`]);
  return found;
}

/**
 * @template R
 * @param {string} address
 * @param {string} key
 * @param {import("../../route.js").Params} query
 * @param {AbortSignal} signal
 * @returns {Promise<Found<R>>}
 */
async function pageOf(address, key, query, signal) {
  /** @type {{ proxima_pagina?: string, sugestoes?: Near } & Record<string, readonly R[]>} */
  const page = await get(address, query, signal);
  return { rows: page[key] ?? [], next: page.proxima_pagina ?? null, near: page.sugestoes ?? null };
}

/**
 * The first rows: as many as wanted, page by page.
 *
 * @template R
 * @param {string} path
 * @param {string} key
 * @param {import("../../route.js").Params} query
 * @param {number} wanted
 * @param {AbortSignal} signal
 * @returns {Promise<Found<R>>}
 */
async function rowsOf(path, key, query, wanted, signal) {
  /** @type {Found<R>} */
  let found = await pageOf(path, key, { ...query, limit: Math.min(MOST, wanted) }, signal);
  while (found.next && found.rows.length < wanted) {
    /** @type {Found<R>} */
    const page = await pageOf(found.next, key, {}, signal);
    found = { ...page, rows: [...found.rows, ...page.rows] };
  }
  return found;
}
