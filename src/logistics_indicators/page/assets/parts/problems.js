/** What the service answered when something did not work, in words, with the way to try again. */

import { Problem } from "../api.js";
import { html } from "../html.js";
import { common, textsOf } from "../texts.js";

const text = textsOf({
  pt: {
    forbidden: "O seu papel não permite isto.",
    gone: "Isto não existe mais.",
    busy: "O serviço está ocupado. Tente de novo em instantes.",
    broken: "O serviço teve um erro interno.",
  },
  en: {
    forbidden: "Your role does not allow this.",
    gone: "This is not there any more.",
    busy: "The service is busy. Try again shortly.",
    broken: "The service had an internal error.",
  },
});

/** @param {unknown} problem */
export function wordsOf(problem) {
  if (!(problem instanceof Problem)) return String(problem);
  if (problem.status === 0) return common("unreachable");
  if (problem.status === 403) return text("forbidden");
  if (problem.status === 404) return text("gone");
  if (problem.status === 429 || problem.status === 503) return `${text("busy")} ${problem.message}`;
  if (problem.status >= 500) return text("broken");
  const errors = problem.errors.map(({ loc, msg }) => `${loc.join(" › ")}: ${msg}`);
  return [problem.message, ...errors].join(" ");
}

/** @param {{ problem: unknown, again?: () => void }} props */
export function Problems({ problem, again }) {
  if (!problem) return null;
  return html`<div class="notice bad row spread" role="alert">
    <span>${wordsOf(problem)}</span>
    ${again && html`<button onClick=${again}>${common("again")}</button>`}
  </div>`;
}
