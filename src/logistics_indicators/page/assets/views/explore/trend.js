/** A figure over time, and the same of a period before. */

import { useData } from "../../data.js";
import { dateBefore, isWholeMonth } from "../../days.js";
import { day, month, NOTHING, number, percent, short } from "../../format.js";
import { html } from "../../html.js";
import { ExportMenu } from "../../parts/export_menu.js";
import { Loading } from "../../parts/loading.js";
import { asTable, Panel } from "../../parts/panel.js";
import { datedWords } from "../../parts/scope_words.js";
import { Problems } from "../../parts/problems.js";
import { valueOf } from "../../parts/typed.js";
import { Series } from "../../parts/series.js";
import { Table } from "../../parts/table.js";
import { change } from "../../route.js";
import { scopeOf } from "../../scope.js";
import { common, textsOf } from "../../texts.js";
import { linkToMade } from "../visits/link.js";

/** @typedef {import("api").components["schemas"]["TrendAnswer"]} TrendAnswer */
/** @typedef {import("api").components["schemas"]["TrendPoint"]} Point */
/** @typedef {{ now?: Point, then?: Point }} Pair now: none for the days that the compared period has more */

const text = textsOf({
  pt: {
    trend: "{metric} por {bucket}",
    metric: "Indicador",
    bucket: "Por",
    day: "dia",
    week: "semana",
    month: "mês",
    compare: "Comparar com",
    none: "Nada",
    previous: "Período anterior",
    year: "Mesmos dias um ano antes",
    now: "Este período",
    begins: "Início",
    ends: "Fim",
    compared: "Comparado",
    compared_days: "Dias comparados",
    compared_alone: "{days} (comparado): {value}",
    nothing: "Não há atendimentos no período comparado ({first} a {last}).",
    empty: "Não há atendimentos neste período.",
    span: "{first} a {last}",
  },
  en: {
    trend: "{metric} by {bucket}",
    metric: "Figure",
    bucket: "By",
    day: "day",
    week: "week",
    month: "month",
    compare: "Compare with",
    none: "Nothing",
    previous: "Previous period",
    year: "Same days a year before",
    now: "This period",
    begins: "First day",
    ends: "Last day",
    compared: "Compared",
    compared_days: "Compared days",
    compared_alone: "{days} (compared): {value}",
    nothing: "There are no visits in the compared period ({first} to {last}).",
    empty: "There are no visits in this period.",
    span: "{first} to {last}",
  },
});

export const METRICS = /** @type {const} */ (["sla", "total", "produtividade"]);
const METRIC_WORD = /** @type {const} */ ({ sla: "sla", total: "visits", produtividade: "productivity" });
export const BUCKETS = /** @type {const} */ (["day", "week", "month"]);
export const COMPARED = /** @type {const} */ (["previous", "year"]);
/** @type {Readonly<Record<typeof COMPARED[number], import("api").components["schemas"]["Period"]>>} */
const PERIODS = { previous: "previous", year: "year_before" };
const OWN = /** @type {const} */ (["polo", "angel", "uf"]);
/** @typedef {typeof METRICS[number]} Metric */
/** @typedef {typeof BUCKETS[number]} Bucket */

/** @param {{ params: URLSearchParams, bucket: Bucket }} props */
export function Trend({ params, bucket: usual }) {
  const metric = METRICS.find((each) => each === params.get("metric")) ?? "sla";
  const bucket = BUCKETS.find((each) => each === params.get("bucket")) ?? usual;
  const compare = COMPARED.find((each) => each === params.get("compare"));
  const query = { ...scopeOf(params), ...seriesOf(params), metric, bucket };
  /** @type {import("../../data.js").Answered<TrendAnswer>} */
  const { data, problem, waiting, again } = useData("v1/indicators/trend", query);
  const before = useCompared(compare, query);
  const title = text("trend", { metric: common(METRIC_WORD[metric]), bucket: text(bucket) });
  const byDate = compare === "year" && bucket === "day";
  const pairs = data?.tendencia.length ? pairsOf(data.tendencia, waiting ? [] : before.points, byDate) : [];
  const shown = { params, pairs, metric, bucket, title };
  return html`<${Panel}
    name="trend"
    title=${title}
    params=${params}
    waiting=${waiting}
    tools=${html`<${ExportMenu}
      what=${title}
      path="v1/indicators/trend"
      query=${query}
      picture=${asTable(params, "trend") ? undefined : datedWords(params, data)}
      compared=${before.name && { words: before.name, query: before.query }}
    />`}
  >
    <div class="row">
      <${Choice}
        name="metric"
        value=${metric}
        all=${METRICS}
        words=${(/** @type {Metric} */ each) => common(METRIC_WORD[each])}
      />
      <${Choice} name="bucket" value=${bucket} all=${BUCKETS} words=${text} />
      <${Choice} name="compare" value=${compare ?? "none"} all=${["none", ...COMPARED]} words=${text} />
    </div>
    <${Problems} problem=${problem} again=${again} />
    ${before.nothing && html`<p class="quiet small" role="status">${before.nothing}</p>`}
    ${data && pairs.length === 0 && html`<p class="quiet">${text("empty")}</p>`}
    ${pairs.length > 0 &&
    (asTable(params, "trend")
      ? html`<${TrendTable} ...${shown} compared=${before.points.length > 0} />`
      : html`<${TrendChart} ...${shown} compared=${before.name} />`)}
    ${!data && !problem && html`<${Loading} />`}
  <//>`;
}

/** @param {{ name: "metric" | "bucket" | "compare", value: string, all: readonly string[], words: (each: never) => string }} props */
function Choice({ name, value, all, words }) {
  return html`<label class="field">
    <span>${text(name)}</span>
    <select
      name=${name}
      value=${value}
      onChange=${(/** @type {Event} */ event) => change({ [name]: valueOf(event) === "none" ? null : valueOf(event) })}
    >
      ${all.map((each) => html`<option key=${each} value=${each}>${words(/** @type {never} */ (each))}</option>`)}
    </select>
  </label>`;
}

/**
 * One series of all. Of one polo, angel or state, in this order, it is that name's own: only so it has its calendar.
 *
 * @param {URLSearchParams} params
 */
function seriesOf(params) {
  const own = OWN.find((each) => params.has(each));
  return own && params.get("calendario") === "uf" ? { by: own } : { by: "uf", top: 0 };
}

/**
 * The points of the period that is compared, and what it is called; no points where it has no visit.
 *
 * @param {typeof COMPARED[number] | undefined} compare
 * @param {import("../../route.js").Params} asked
 */
function useCompared(compare, asked) {
  const query = { ...asked, period: compare && PERIODS[compare] };
  /** @type {import("../../data.js").Answered<TrendAnswer>} */
  const { data, waiting } = useData(compare ? "v1/indicators/trend" : null, query);
  const { start_date: first, end_date: last, tendencia: found } = (compare && !waiting && data) || { tendencia: [] };
  const words = first && last ? { first: day(first), last: day(last) } : null;
  const some = found.some((point) => point.total_de_atendimentos > 0);
  return {
    query,
    points: some ? found : [],
    name: words && some ? text("span", words) : null,
    nothing: words && !some ? text("nothing", words) : null,
  };
}

/**
 * Each point beside the one that it is compared with. byDate: days of two years, of which one may have a 29 February.
 *
 * @param {readonly Point[]} now
 * @param {readonly Point[]} then
 * @param {boolean} byDate
 * @returns {Pair[]}
 */
function pairsOf(now, then, byDate) {
  if (!byDate || then.length === 0) {
    const length = Math.max(now.length, then.length);
    return Array.from({ length }, (_, place) => ({ now: now[place], then: then[place] }));
  }
  const shown = new Map(now.map((point) => [dateBefore(point.inicio), point]));
  const compared = new Map(then.map((point) => [point.inicio, point]));
  const dates = [...new Set([...shown.keys(), ...compared.keys()])].sort();
  return dates.map((date) => ({ now: shown.get(date), then: compared.get(date) }));
}

/** @param {Metric} metric @param {number | null | undefined} value */
const valueIn = (metric, value) =>
  metric === "sla" ? percent(value) : number(value, metric === "produtividade" ? 2 : 0);

/** The days of it. @param {Point} point */
function daysOf({ inicio, fim }) {
  if (isWholeMonth(inicio, fim)) return month(inicio);
  return inicio === fim ? day(inicio) : text("span", { first: day(inicio), last: day(fim) });
}

/** @typedef {{ params: URLSearchParams, pairs: readonly Pair[], metric: Metric, bucket: Bucket, title: string }} Shown */

/** @param {Shown & { compared: string | null }} props */
function TrendChart({ params, pairs, metric, bucket, title, compared }) {
  const lines = [{ name: text("now"), values: pairs.map(({ now }) => now?.valor ?? null) }];
  if (compared) lines.push({ name: compared, values: pairs.map(({ then }) => then?.valor ?? null) });
  /** @param {number} place */
  const wordsOf = (place) => {
    const { now, then } = /** @type {Pair} */ (pairs[place]);
    const before = then && { days: daysOf(then), value: valueIn(metric, then.valor) };
    if (!now) return before && text("compared_alone", before);
    const visits = `${number(now.total_de_atendimentos)} ${common("visits").toLowerCase()}`;
    return html`<b>${daysOf(now)}: ${valueIn(metric, now.valor)}</b>${" · "}
      <a href=${linkToMade(params, rangeOfPoint(now))}>${visits}</a>
      ${before && ` · ${before.days}: ${before.value}`}`;
  };
  return html`<${Series}
    label=${title}
    names=${pairs.map(({ now }) => (now ? (bucket === "month" ? month(now.inicio) : day(now.inicio)) : ""))}
    lines=${lines}
    format=${metric === "sla" ? (/** @type {number} */ value) => percent(value, value % 1 ? 1 : 0) : short}
    from=${metric === "sla" ? "least" : "zero"}
    most=${metric === "sla" ? 100 : undefined}
    wordsOf=${wordsOf}
    onPick=${(/** @type {number} */ place) => pick(pairs[place]?.now, bucket)}
    onRange=${(/** @type {number} */ first, /** @type {number} */ last) => {
      const shown = pairs.slice(first, last + 1).flatMap(({ now }) => now ?? []);
      const [start, end] = [shown[0], shown.at(-1)];
      if (start && end) change({ start_date: start.inicio, end_date: end.fim, period: null, bucket: null });
    }}
  />`;
}

/** @param {Point} point */
const rangeOfPoint = ({ inicio, fim }) => ({ start_date: inicio, end_date: fim });

/** The view of a point's days. @param {Point | undefined} point @param {Bucket} bucket */
function pick(point, bucket) {
  if (!point) return;
  if (bucket !== "day") change({ ...rangeOfPoint(point), period: null, bucket: null });
  else change({ ...rangeOfPoint(point), period: null });
}

/** @param {Shown & { compared: boolean }} props */
function TrendTable({ params, pairs, metric, bucket, title, compared }) {
  /** @type {import("../../parts/table.js").Column<Pair>[]} */
  const columns = [
    {
      name: "inicio",
      title: text("begins"),
      of: ({ now }) => now?.inicio,
      show: ({ now }) =>
        now
          ? html`<button class="plain link-like" onClick=${() => pick(now, bucket)}>${day(now.inicio)}</button>`
          : NOTHING,
    },
    { name: "fim", title: text("ends"), of: ({ now }) => now?.fim, show: ({ now }) => day(now?.fim) },
    {
      name: "valor",
      title: common(METRIC_WORD[metric]),
      number: true,
      of: ({ now }) => now?.valor,
      show: ({ now }) => valueIn(metric, now?.valor),
    },
    {
      name: "total",
      title: common("visits"),
      number: true,
      of: ({ now }) => now?.total_de_atendimentos,
      show: ({ now }) =>
        now ? html`<a href=${linkToMade(params, rangeOfPoint(now))}>${number(now.total_de_atendimentos)}</a>` : NOTHING,
    },
  ];
  if (compared) {
    columns.push(
      {
        name: "then_days",
        title: text("compared_days"),
        of: ({ then }) => then?.inicio,
        show: ({ then }) => (then ? daysOf(then) : NOTHING),
      },
      {
        name: "then",
        title: text("compared"),
        number: true,
        of: ({ then }) => then?.valor,
        show: ({ then }) => valueIn(metric, then?.valor),
      },
      {
        name: "then_total",
        title: `${common("visits")} (${text("compared").toLowerCase()})`,
        number: true,
        of: ({ then }) => then?.total_de_atendimentos,
        show: ({ then }) => number(then?.total_de_atendimentos),
      },
    );
  }
  const shown = metric === "total" ? columns.filter(({ name }) => name !== "valor" && name !== "then_total") : columns;
  return html`<${Table}
    caption=${title}
    columns=${shown}
    rows=${pairs}
    keyOf=${(/** @type {Pair} */ { now, then }) => `${now?.inicio} ${then?.inicio}`}
  />`;
}
