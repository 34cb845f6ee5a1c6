/** What the service answered when something did not work, in words, with the way to try again. */

import { Problem } from "../problem.js";
import { html } from "../html.js";
import { common, textsOf } from "../texts.js";
import { known, translated } from "./service_words.js";

const text = textsOf({
  pt: {
    forbidden: "O seu papel não permite isto.",
    gone: "Isto não existe mais.",
    away: "O serviço não responde. Tente de novo em instantes.",
    busy: "O serviço está ocupado. Tente de novo em instantes.",
    broken: "O serviço teve um erro interno.",
    line: "Linha {line}",
    username: "Usuário",
    email: "E-mail",
    password: "Senha",
    day: "Dia",
    name: "Nome",
    new_password: "Nova senha",
    reset_token: "Código",
    uf: "UF",
    id: "Identificador",
    id_cliente: "Cliente",
    start_date: "De",
    end_date: "Até",
  },
  en: {
    forbidden: "Your role does not allow this.",
    gone: "This is not there any more.",
    away: "The service does not answer. Try again shortly.",
    busy: "The service is busy. Try again shortly.",
    broken: "The service had an internal error.",
    line: "Line {line}",
    username: "User name",
    email: "E-mail",
    password: "Password",
    day: "Day",
    name: "Name",
    new_password: "New password",
    reset_token: "Code",
    uf: "State",
    id: "Id",
    id_cliente: "Customer",
    start_date: "From",
    end_date: "To",
  },
});

/** @typedef {(name: never) => string} Names of a view's own fields, in words */

/** @param {unknown} problem @param {Names} [names] */
export function wordsOf(problem, names = text) {
  if (!(problem instanceof Problem)) return String(problem);
  if (problem.status === 0) return text("away");
  if (problem.status === 403) return known(problem.message) ?? text("forbidden");
  if (problem.status === 404) return text("gone");
  if (problem.status === 429 || problem.status === 503) {
    return known(problem.message) ?? `${text("busy")} ${problem.message}`;
  }
  if (problem.status >= 500) return known(problem.message) ?? text("broken");
  return sentencesOf(problem, names).join(" ");
}

/** Each once: the service's detail is often the only error's message. @param {Problem} problem @param {Names} names */
function sentencesOf({ message, errors }, names) {
  const own = errors.some(({ msg }) => msg === message) ? [] : [translated(message)];
  return [...new Set([...own, ...errors.map(({ loc, msg }) => translated(msg, fieldOf(loc, names)))])].filter(Boolean);
}

/** @param {unknown} problem */
const isAway = (problem) => problem instanceof Problem && problem.status === 0;

const PARTS = new Set(["body", "query", "path", "header", "file"]);

/** Where an error is, as a person at the page sees it. @param {(string | number)[]} loc @param {Names} names */
function fieldOf(loc, names) {
  const last = String(loc.at(-1) ?? "");
  if (/^\d+$/.test(last)) return text("line", { line: last });
  const own = names(/** @type {never} */ (last));
  return PARTS.has(last) ? "" : own === last ? text(/** @type {"name"} */ (last)) : own;
}

/** Of a question, which is asked again by itself. @param {{ problem: unknown, again?: () => void, names?: Names }} props */
export function Problems({ problem, again, names }) {
  if (!problem) return null;
  return html`<div class="notice bad row spread" role="alert">
    <span>${isAway(problem) ? common("unreachable") : wordsOf(problem, names)}</span>
    ${again && html`<button onClick=${again}>${common("again")}</button>`}
  </div>`;
}
