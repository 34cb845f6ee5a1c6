/** What a view shows of the service: asked again when the question or the data changes, and kept on screen meanwhile. */

import { get } from "./api.js";
import { Problem } from "./problem.js";
import { useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { dataVersion } from "./live.js";
import { searchOf } from "./route.js";
import { session } from "./session.js";
import { useStore } from "./store.js";

/**
 * @template T
 * @typedef {{ data: T | null, problem: Problem | null, waiting: boolean, again: () => void }} Answered
 * waiting: what is shown is of the question before, or nothing yet
 */

let underWay = 0;
const done = () => void (underWay -= 1);

/** Paper waits for it. @template T @param {Promise<T>} answer */
export function counted(answer) {
  underWay += 1;
  void answer.then(done, done);
  return answer;
}

/** Whether an answer is still to come for something that is shown. */
export const isAsking = () => underWay > 0;

/**
 * @template T
 * @param {string | null} path null: nothing is asked
 * @param {import("./route.js").Params} [query]
 * @param {{ until?: unknown }} [options] until: asked again when it changes; the version of the visits unless given
 * @returns {Answered<T>}
 */
export function useData(path, query = {}, options = {}) {
  const version = useStore(dataVersion);
  const { state: signedIn } = useStore(session);
  const until = "until" in options ? options.until : version;
  const since = useRef(until);
  const [turn, setTurn] = useState(0);
  const question = path === null ? null : `${path}?${searchOf(query)}`;
  const [state, setState] = useState(
    /** @returns {{ data: T | null, problem: Problem | null, question: string | null }} */ () => ({
      data: null,
      problem: null,
      question: null,
    }),
  );

  // The first version that is told is no change to an answer that is of it, nor to a question that is on its way.
  const isOfIt = state.question !== question || versionOf(state.data) === until;
  if (since.current !== null || !isOfIt) since.current = until;

  useLayoutEffect(() => {
    // Before the frame is painted: the answer is on its way meanwhile.
    if (path === null || signedIn !== "in") return;
    const asking = new AbortController();
    /** @type {Promise<T>} */
    const answer = counted(get(path, query, asking.signal));
    answer.then(
      (data) => setState({ data, problem: null, question }),
      (problem) => {
        if (asking.signal.aborted) return;
        if (!(problem instanceof Problem)) throw problem;
        if (problem.status === 401) return; // the frame asks for the password, and then this is asked again
        setState((before) => ({ data: before.question === question ? before.data : null, problem, question }));
      },
    );
    return () => asking.abort();
  }, [question, since.current, turn, signedIn]);

  const again = () => setTurn((before) => before + 1);
  useRetried(state.problem, again);
  return { data: state.data, problem: state.problem, waiting: state.question !== question, again };
}

/** Where nobody did anything wrong, it is asked again by itself. */
const PASSING = new Set([0, 429, 503]);
const AGAIN_AFTER_MS = 3_000;

/** Asks again after a while, until the service answers. @param {Problem | null} problem @param {() => void} again */
export function useRetried(problem, again) {
  useEffect(() => {
    if (!problem || !PASSING.has(problem.status)) return;
    const timer = setTimeout(again, AGAIN_AFTER_MS);
    return () => clearTimeout(timer);
  }, [problem]);
}

/** Of the visits, as figures say it. @param {unknown} data */
const versionOf = (data) => (data && typeof data === "object" && "data_version" in data ? data.data_version : null);
