/** The audit log in words: each act by its name on the wire, and what is told of it. */

import { bytes, day, number } from "../../format.js";
import { wordWithin } from "../../kinds.js";
import { textsOf } from "../../texts.js";
import { roles } from "./roles.js";

const ACTS = {
  pt: {
    api_token_made: "Criou um token da API",
    api_token_revoked: "Revogou um token da API",
    calendar_change_undone: "Desfez uma mudança do calendário",
    calendar_day_added: "Acrescentou um dia ao calendário",
    calendar_day_taken_away: "Tirou um dia do calendário",
    customer_deleted: "Apagou um cliente",
    indicator_settings_changed: "Mudou os ajustes dos indicadores",
    indicators_rebuilt: "Recalculou os indicadores",
    load_received: "Enviou um arquivo",
    load_undone: "Desfez uma carga",
    login: "Entrou",
    login_failed: "Não conseguiu entrar",
    logout: "Saiu",
    logout_everywhere: "Saiu de todos os aparelhos",
    password_changed: "Trocou a senha",
    password_reset: "Fez uma senha nova com o código",
    password_reset_issued: "Deu um código para senha perdida",
    polo_state_set: "Definiu o estado de um polo",
    preset_deleted: "Apagou um modelo de arquivo",
    preset_kept: "Guardou um modelo de arquivo",
    refresh_token_reused: "Sessão encerrada: token usado duas vezes",
    register: "Criou a própria conta",
    rejects_mended: "Corrigiu linhas rejeitadas",
    user_changed: "Alterou uma conta",
    user_created: "Criou uma conta",
    user_deleted: "Apagou uma conta",
    waiting_cancelled: "Desistiu de linhas que esperavam",
  },
  en: {
    api_token_made: "Made an API token",
    api_token_revoked: "Revoked an API token",
    calendar_change_undone: "Undid a change of the calendar",
    calendar_day_added: "Added a day to the calendar",
    calendar_day_taken_away: "Took a day from the calendar",
    customer_deleted: "Deleted a customer",
    indicator_settings_changed: "Changed the figures' settings",
    indicators_rebuilt: "Rebuilt the figures",
    load_received: "Sent a file",
    load_undone: "Undid a load",
    login: "Signed in",
    login_failed: "Failed to sign in",
    logout: "Signed out",
    logout_everywhere: "Signed out everywhere",
    password_changed: "Changed the password",
    password_reset: "Made a new password with the code",
    password_reset_issued: "Gave a code for a lost password",
    polo_state_set: "Set the state of a polo",
    preset_deleted: "Deleted a preset",
    preset_kept: "Kept a preset",
    refresh_token_reused: "Session ended: a token was used twice",
    register: "Made their own account",
    rejects_mended: "Mended rejected rows",
    user_changed: "Changed an account",
    user_created: "Made an account",
    user_deleted: "Deleted an account",
    waiting_cancelled: "Gave up rows that waited",
  },
};
const acts = textsOf(ACTS);
/** All that the log knows, by their names on the wire. */
export const ACTIONS = Object.keys(ACTS.pt);

const told = textsOf({
  pt: {
    active: "{it}",
    after: "depois: {it}",
    api_token: "pelo token {it}",
    before: "antes: {it}",
    bytes: "{it}",
    customer_id: "cliente {it}",
    day: "{it}",
    dropped: "descartadas: {it}",
    kind: "{it}",
    left_open: "ainda abertas: {it}",
    load_id: "carga {it}",
    mend_id: "correção na carga {it}",
    name: "{it}",
    of_token: "token {it}",
    of_user: "conta {it}",
    of_username: "de {it}",
    place: "{it}",
    polo: "{it}",
    reopened: "reabertas: {it}",
    role: "papel: {it}",
    rows: "linhas: {it}",
    scope: "{it}",
    scopes: "para: {it}",
    session: "sessão {it}",
    tokens_revoked: "tokens revogados: {it}",
    visits: "atendimentos: {it}",
  },
  en: {
    active: "{it}",
    after: "after: {it}",
    api_token: "by token {it}",
    before: "before: {it}",
    bytes: "{it}",
    customer_id: "customer {it}",
    day: "{it}",
    dropped: "dropped: {it}",
    kind: "{it}",
    left_open: "left open: {it}",
    load_id: "load {it}",
    mend_id: "mended in load {it}",
    name: "{it}",
    of_token: "token {it}",
    of_user: "account {it}",
    of_username: "of {it}",
    place: "{it}",
    polo: "{it}",
    reopened: "opened again: {it}",
    role: "role: {it}",
    rows: "rows: {it}",
    scope: "{it}",
    scopes: "for: {it}",
    session: "session {it}",
    tokens_revoked: "tokens revoked: {it}",
    visits: "visits: {it}",
  },
});

const values = textsOf({
  pt: {
    enabled: "ativada",
    disabled: "desativada",
    nacional: "nacional",
    uf: "estado",
    cidade: "cidade",
    polo: "polo",
    none: "nenhum",
    no_days: "sem pontos facultativos",
  },
  en: {
    enabled: "enabled",
    disabled: "disabled",
    nacional: "national",
    uf: "state",
    cidade: "city",
    polo: "polo",
    none: "none",
    no_days: "no optional days",
  },
});

/** @param {string} value */
const valueOf = (value) => values(/** @type {"none"} */ (value));
/** @param {string} value of an earlier and a later role, too */
const roleOf = (value) =>
  value
    .split(" to ")
    .map((role) => roles(/** @type {"admin"} */ (role)))
    .join(" → ");
/** @param {string} value */
const settingOf = (value) => valueOf(value).replace("no optional days", values("no_days"));

/** @type {Record<string, (value: string) => string>} what stands otherwise than it was sent */
const SHOWN = {
  active: valueOf,
  after: settingOf,
  before: settingOf,
  bytes: (value) => bytes(Number(value)),
  day,
  kind: wordWithin,
  role: roleOf,
  rows: (value) => number(Number(value)),
  scope: valueOf,
  visits: (value) => number(Number(value)),
};

/** @param {string} action */
export const actOf = (action) => acts(/** @type {"login"} */ (action));

/** What comes first: whom or what it was done to. */
const FIRST = ["of_username", "name", "load_id", "polo", "day"];
/** @param {[string, unknown]} told */
const rankOf = ([name]) => (FIRST.includes(name) ? FIRST.indexOf(name) : FIRST.length);

/** What is told of an act; what nothing happened to is left out. @param {Record<string, unknown>} detail */
export function detailOf(detail) {
  return Object.entries(detail)
    .filter(([name, value]) => !(name === "of_user" && detail.of_username) && value !== 0)
    .sort((one, other) => rankOf(one) - rankOf(other))
    .map(([name, value]) => told(/** @type {"day"} */ (name), { it: SHOWN[name]?.(String(value)) ?? String(value) }))
    .join(", ");
}
