/** What the page says, in the reader's language. A view keeps its own sentences beside it. */

import { language } from "./choices.js";
import { number } from "./format.js";

/** @typedef {string | { one: string, other: string }} Sentence one and other: chosen by {n} */
/** @typedef {Record<string, string | number>} Values */

const RULES = { pt: new Intl.PluralRules("pt-BR"), en: new Intl.PluralRules("en") };

/**
 * @template {Record<string, Sentence>} T
 * @param {{ pt: T, en: { [K in keyof T]: Sentence } }} sentences
 * @returns {(key: keyof T & string, values?: Values) => string}
 */
export function textsOf(sentences) {
  return (key, values = {}) => {
    const sentence = sentences[language.get()][key] ?? key;
    return fill(typeof sentence === "string" ? sentence : counted(sentence, values), values);
  };
}

/** @param {{ one: string, other: string }} sentence @param {Values} values */
function counted(sentence, { n }) {
  // Intl counts none as one in Portuguese; people say "0 linhas".
  return Number(n) !== 0 && RULES[language.get()].select(Number(n)) === "one" ? sentence.one : sentence.other;
}

/** @param {string} sentence @param {Values} values */
function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (_, name) => {
    const value = values[name];
    return typeof value === "number" ? number(value) : (value ?? "");
  });
}

export const common = textsOf({
  pt: {
    name: "Logistics Indicators",
    loading: "Carregando…",
    again: "Tentar de novo",
    close: "Fechar",
    cancel: "Cancelar",
    ok: "OK",
    nothing: "Nada aqui ainda.",
    no_match: "Nenhum atendimento corresponde a este período e a estes filtros.",
    sla: "SLA",
    productivity: "Produtividade",
    visits: "Atendimentos",
    on_time: "No prazo",
    late: "Atrasados",
    backlog: "Em aberto",
    overdue: "Vencidos",
    mean_time: "Antecedência média",
    customer: "Cliente",
    deadline: "Prazo",
    attended: "Atendido em",
    rows: { one: "{n} linha", other: "{n} linhas" },
    days: { one: "{n} dia", other: "{n} dias" },
    pages: "Página {page}",
    more: "Mostrar mais",
    unreachable: "O serviço não responde. Nova tentativa em instantes.",
    table: "Tabela",
    chart: "Gráfico",
    exports: "Exportar",
    filter: "Filtrar",
    all: "Todos",
  },
  en: {
    name: "Logistics Indicators",
    loading: "Loading…",
    again: "Try again",
    close: "Close",
    cancel: "Cancel",
    ok: "OK",
    nothing: "Nothing here yet.",
    no_match: "No visit matches this period and these filters.",
    sla: "SLA",
    productivity: "Productivity",
    visits: "Visits",
    on_time: "On time",
    late: "Late",
    backlog: "Open",
    overdue: "Overdue",
    mean_time: "Mean lead",
    customer: "Customer",
    deadline: "Deadline",
    attended: "Attended",
    rows: { one: "{n} row", other: "{n} rows" },
    days: { one: "{n} day", other: "{n} days" },
    pages: "Page {page}",
    more: "Show more",
    unreachable: "The service does not answer. Trying again shortly.",
    table: "Table",
    chart: "Chart",
    exports: "Export",
    filter: "Filter",
    all: "All",
  },
});
