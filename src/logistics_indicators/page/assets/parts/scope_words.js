/** The period and the filters of a view in words: on paper, folded on a phone, and on the wall. */

import { DIMENSIONS, one } from "../dimensions.js";
import { day } from "../format.js";
import { periodOf, rangeOf } from "../scope.js";
import { textsOf } from "../texts.js";

/** @typedef {import("api").components["schemas"]["SummaryAnswer"]} SummaryAnswer */

export const periods = textsOf({
  pt: {
    all: "Todos os dias",
    "7d": "Últimos 7 dias",
    "30d": "Últimos 30 dias",
    "90d": "Últimos 90 dias",
    month: "Este mês",
    last_month: "Mês passado",
    year: "Este ano",
    last_year: "Ano passado",
    own: "Outro…",
  },
  en: {
    all: "All days",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    month: "This month",
    last_month: "Last month",
    year: "This year",
    last_year: "Last year",
    own: "Other…",
  },
});

const text = textsOf({
  pt: {
    period: "{first} a {last}",
    against: "contra {first} a {last}",
    filter: "{of}: {name}",
    local: "dias úteis do lugar",
  },
  en: {
    period: "{first} to {last}",
    against: "against {first} to {last}",
    filter: "{of}: {name}",
    local: "business days of the place",
  },
});

/** @param {URLSearchParams} params */
function periodWords(params) {
  const period = periodOf(params);
  if (period !== "own") return periods(period);
  const { start_date, end_date } = rangeOf(params);
  return [start_date, end_date].map((each) => (each ? day(each) : "…")).join(" – ");
}

/** @param {URLSearchParams} params */
const filterWords = (params) =>
  DIMENSIONS.flatMap((by) => {
    const name = params.get(by);
    return name ? [text("filter", { of: one(by), name })] : [];
  });

/** Whose business days count. @param {URLSearchParams} params */
const localWords = (params) => (params.get("calendario") === "uf" ? [text("local")] : []);

/** As they were chosen. @param {URLSearchParams} params */
export const scopeWords = (params) => [periodWords(params), ...filterWords(params)].join(" · ");

/** The filters alone. @param {URLSearchParams} params */
export const filtersWords = (params) => filterWords(params).join(" · ");

/** @typedef {{ start_date?: string | null, end_date?: string | null }} Days */

/**
 * As they were chosen, with the days that this makes today: what is kept says of when it is.
 *
 * @param {URLSearchParams} params
 * @param {Days | null} [all] the days that there are, where they are known
 */
export function datedWords(params, all) {
  const { start_date, end_date } = periodOf(params) === "all" ? (all ?? {}) : rangeOf(params);
  const preset = periodOf(params) !== "own" && start_date && end_date;
  const days = preset ? [text("period", { first: day(start_date), last: day(end_date) })] : [];
  return [periodWords(params), ...days, ...filterWords(params), ...localWords(params)].join(" · ");
}

/** The days that figures are of, and those that they are compared with. @param {SummaryAnswer} data */
export function daysWords({ start_date, end_date, periodo_anterior: before }) {
  const own = text("period", { first: day(start_date), last: day(end_date) });
  if (before.total_de_atendimentos === 0) return own;
  return `${own}, ${text("against", { first: day(before.start_date), last: day(before.end_date) })}`;
}

/** As they were chosen, and the days that this makes. @param {URLSearchParams} params @param {SummaryAnswer} data */
export function wholeWords(params, data) {
  const period = periodOf(params);
  const chosen = period === "own" ? [] : [periods(period)];
  const days = data.start_date ? [daysWords(data)] : [];
  return [...chosen, ...days, ...filterWords(params), ...localWords(params)].join(" · ");
}
