/** A figure over time, and the same of a period before. */

import { useData } from "../../data.js";
import { day, month, number, percent, short } from "../../format.js";
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
import { daysBefore, yearBefore } from "../../days.js";

/** @typedef {import("api").components["schemas"]["TrendAnswer"]} TrendAnswer */
/** @typedef {import("api").components["schemas"]["TrendPoint"]} Point */
/** @typedef {{ now: Point, then: Point | undefined }} Pair */

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
    difference: "Diferença",
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
    difference: "Difference",
    nothing: "There are no visits in the compared period ({first} to {last}).",
    empty: "There are no visits in this period.",
    span: "{first} to {last}",
  },
});

const METRICS = /** @type {const} */ (["sla", "total", "produtividade"]);
const METRIC_WORD = /** @type {const} */ ({ sla: "sla", total: "visits", produtividade: "productivity" });
const BUCKETS = /** @type {const} */ (["day", "week", "month"]);
const COMPARED = /** @type {const} */ (["previous", "year"]);
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
  const before = useCompared(data, compare, query);
  const title = text("trend", { metric: common(METRIC_WORD[metric]), bucket: text(bucket) });
  const pairs = (data?.tendencia ?? []).map((now, place) => ({ now, then: before.points[place] }));
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
      compared=${before.name && { words: before.name, query: { ...query, ...before.range } }}
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
 * @param {TrendAnswer | null} data
 * @param {typeof COMPARED[number] | undefined} compare
 * @param {import("../../route.js").Params} query
 */
function useCompared(data, compare, query) {
  const { start_date, end_date } = data ?? {};
  const now = start_date && end_date ? { start_date, end_date } : null;
  const range = compare && now ? (compare === "year" ? yearBefore(now) : daysBefore(now)) : null;
  /** @type {import("../../data.js").Answered<TrendAnswer>} */
  const { data: found, waiting } = useData(range ? "v1/indicators/trend" : null, { ...query, ...range });
  const points = range && !waiting ? (found?.tendencia ?? []) : [];
  const some = points.some((point) => point.total_de_atendimentos > 0);
  const words = range ? { first: day(range.start_date), last: day(range.end_date) } : { first: "", last: "" };
  return {
    range,
    points: some ? points : [],
    name: some ? text("span", words) : null,
    nothing: range && !waiting && found && !some ? text("nothing", words) : null,
  };
}

/** @param {Metric} metric @param {number | null | undefined} value */
const valueIn = (metric, value) =>
  metric === "sla" ? percent(value) : number(value, metric === "produtividade" ? 2 : 0);

/** @param {Bucket} bucket @param {Point} point */
const nameOf = (bucket, { inicio, fim }) =>
  bucket === "month"
    ? month(inicio)
    : bucket === "day"
      ? day(inicio)
      : text("span", { first: day(inicio), last: day(fim) });

/** @typedef {{ params: URLSearchParams, pairs: readonly Pair[], metric: Metric, bucket: Bucket, title: string }} Shown */

/** @param {Shown & { compared: string | null }} props */
function TrendChart({ params, pairs, metric, bucket, title, compared }) {
  const lines = [{ name: text("now"), values: pairs.map(({ now }) => now.valor) }];
  if (compared) lines.push({ name: compared, values: pairs.map(({ then }) => then?.valor ?? null) });
  /** @param {number} place */
  const wordsOf = (place) => {
    const { now, then } = /** @type {Pair} */ (pairs[place]);
    const visits = `${number(now.total_de_atendimentos)} ${common("visits").toLowerCase()}`;
    return html`<b>${nameOf(bucket, now)}: ${valueIn(metric, now.valor)}</b>${" · "}
      <a href=${linkToMade(params, rangeOfPoint(now))}>${visits}</a>
      ${then && compared && ` · ${nameOf(bucket, then)}: ${valueIn(metric, then.valor)}`}`;
  };
  return html`<${Series}
    label=${title}
    names=${pairs.map(({ now }) => (bucket === "month" ? month(now.inicio) : day(now.inicio)))}
    lines=${lines}
    format=${metric === "sla" ? (/** @type {number} */ value) => percent(value, value % 1 ? 1 : 0) : short}
    from=${metric === "sla" ? "least" : "zero"}
    most=${metric === "sla" ? 100 : undefined}
    wordsOf=${wordsOf}
    onPick=${(/** @type {number} */ place) => pick(/** @type {Pair} */ (pairs[place]).now, bucket)}
    onRange=${(/** @type {number} */ first, /** @type {number} */ last) =>
      change({ start_date: pairs[first]?.now.inicio, end_date: pairs[last]?.now.fim, period: null, bucket: null })}
  />`;
}

/** @param {Point} point */
const rangeOfPoint = ({ inicio, fim }) => ({ start_date: inicio, end_date: fim });

/** The view of a point's days. @param {Point} point @param {Bucket} bucket */
function pick(point, bucket) {
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
      of: ({ now }) => now.inicio,
      show: ({ now }) =>
        html`<button class="plain link-like" onClick=${() => pick(now, bucket)}>${day(now.inicio)}</button>`,
    },
    { name: "fim", title: text("ends"), of: ({ now }) => now.fim, show: ({ now }) => day(now.fim) },
    {
      name: "valor",
      title: common(METRIC_WORD[metric]),
      number: true,
      of: ({ now }) => now.valor,
      show: ({ now }) => valueIn(metric, now.valor),
    },
    {
      name: "total",
      title: common("visits"),
      number: true,
      of: ({ now }) => now.total_de_atendimentos,
      show: ({ now }) =>
        html`<a href=${linkToMade(params, rangeOfPoint(now))}>${number(now.total_de_atendimentos)}</a>`,
    },
  ];
  if (compared) {
    columns.push(
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
    keyOf=${(/** @type {Pair} */ { now }) => now.inicio}
  />`;
}
