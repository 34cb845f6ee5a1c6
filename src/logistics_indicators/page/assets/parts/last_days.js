/** Where no visit was made in the period: that it is so, and the last days that have some, a click away. */

import { useData } from "../data.js";
import { plusDays } from "../days.js";
import { day } from "../format.js";
import { html } from "../html.js";
import { linkTo, useRoute } from "../route.js";
import { filtersOf, periodOf, rangeOf } from "../scope.js";
import { textsOf } from "../texts.js";

/** @typedef {import("api").components["schemas"]["TrendAnswer"]} TrendAnswer */

const text = textsOf({
  pt: {
    none: "Nenhum atendimento foi feito neste período.",
    none_of: "Nenhum atendimento com estes filtros foi feito neste período.",
    see: "Ver os últimos dias com atendimentos ({first} a {last})",
  },
  en: {
    none: "No visit was made in this period.",
    none_of: "No visit with these filters was made in this period.",
    see: "See the last days with visits ({first} to {last})",
  },
});

/** @param {{ params: URLSearchParams, none: boolean }} props none: no visit was made in the period */
export function LastDays({ params, none }) {
  const { view } = useRoute();
  const asks = none && periodOf(params) !== "all";
  /** @type {import("../data.js").Answered<TrendAnswer>} */
  const { data } = useData(asks ? "v1/indicators/trend" : null, {
    ...{ ...filtersOf(params), metric: "total", bucket: "month", by: "uf", top: 0 },
  });
  const last = asks && data?.tendencia.findLast((point) => point.total_de_atendimentos > 0);
  const range = last && lastDays(rangeOf(params), last);
  const words = range && { first: day(range.start_date), last: day(range.end_date) };
  return html`<div role="status" class=${asks ? "notice fair row spread" : "visually-hidden"}>
    ${asks && html`<span>${text(Object.values(filtersOf(params)).some(Boolean) ? "none_of" : "none")}</span>`}
    ${range &&
    words &&
    html`<a class="button" href=${linkTo(view, { ...Object.fromEntries(params), ...range, period: null })}
      >${text("see", words)}</a
    >`}
  </div>`;
}

/**
 * As many days as were asked for, to the end of the last month with visits, and that month at least.
 *
 * @param {Partial<import("../scope.js").Range>} asked @param {{ inicio: string, fim: string }} month
 */
function lastDays({ start_date, end_date }, { inicio, fim }) {
  const length = start_date && end_date ? Date.parse(end_date) - Date.parse(start_date) : 0;
  const first = plusDays(fim, -Math.round(length / 86_400_000));
  return { start_date: first < inicio ? first : inicio, end_date: fim };
}
