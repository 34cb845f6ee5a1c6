/** Who keeps the deadlines: bars with the interval that decides a fair order, and a table of everybody. */

import { useData } from "../../data.js";
import { byOf, DIMENSIONS, many, one } from "../../dimensions.js";
import { number, percent } from "../../format.js";
import { html } from "../../html.js";
import { Bars, toneOf } from "../../parts/bars.js";
import { ExportMenu } from "../../parts/export_menu.js";
import { asTable, Panel } from "../../parts/panel.js";
import { datedWords } from "../../parts/scope_words.js";
import { Problems } from "../../parts/problems.js";
import { valueOf } from "../../parts/typed.js";
import { sortRows, Table } from "../../parts/table.js";
import { change, changed, linkTo } from "../../route.js";
import { filtersOf, rangeOf, scopeOf } from "../../scope.js";
import { common, textsOf } from "../../texts.js";
import { linkToMade } from "../visits/link.js";
import { hrefOf, nameColumn, nameOf, wordsOf } from "./names.js";

/** @typedef {import("api").components["schemas"]["AngelSla"]} SlaFigures */
/** @typedef {Omit<SlaFigures, "angel"> & Named} Rank */
/** @typedef {import("api").components["schemas"]["AngelProductivity"]} PaceFigures */
/** @typedef {Omit<PaceFigures, "angel"> & Named} Pace */
/** @typedef {Rank & Partial<Pace>} Row */
/** @typedef {import("../../data.js").Answered<Record<string, readonly Rank[]>>} Ranked */
/** @typedef {import("../../dimensions.js").Dimension} Dimension */
/** @typedef {import("../../dimensions.js").Named} Named */

const text = textsOf({
  pt: {
    ranking: "Ranking de {of}",
    by: "Ranking por",
    order: "Ordem",
    worst: "Piores primeiro",
    best: "Melhores primeiro",
    most: "Mais atendimentos",
    fair: "O traço fino é o intervalo de 95% do SLA: poucos atendimentos dizem pouco, e o traço deles é longo. Ele decide a cor e a ordem: os piores pela ponta de cima, os melhores pela de baixo. A linha tracejada é o SLA de todos.",
    first: "{order}, só os primeiros {n}",
    all: "Ver todos na tabela",
    least: "SLA mínimo",
    most_sla: "SLA máximo",
    empty: "Nenhum atendimento com estes filtros.",
    pace: "Por dia útil",
  },
  en: {
    ranking: "Ranking of {of}",
    by: "Ranking by",
    order: "Order",
    worst: "Worst first",
    best: "Best first",
    most: "Most visits",
    fair: "The thin line is the SLA's 95% interval: few visits say little, so their line is long. It decides the colour and the order: the worst by its upper end, the best by its lower end. The dashed line is the SLA of all.",
    first: "{order}, the first {n} only",
    all: "See all in the table",
    least: "SLA at least",
    most_sla: "SLA at most",
    empty: "No visit with these filters.",
    pace: "Per business day",
  },
});

const SHOWN = 15;
/** From the whole to its parts. */
const FROM_THE_WHOLE = [...DIMENSIONS].reverse();
export const ORDERS = /** @type {const} */ ({
  worst: { sort_field: "sla_maximo", desc: "false" },
  best: { sort_field: "sla_minimo", desc: "true" },
  most: { sort_field: "total", desc: "true" },
});
/** @typedef {keyof typeof ORDERS} Order */
/** The same, of the table: its column, with - for the largest first. */
const SORTS = /** @type {const} */ ({ worst: "most", best: "-least", most: "-total" });

/**
 * @param {{ params: URLSearchParams, whole: number | null, days: import("../../parts/scope_words.js").Days | null }} props
 * whole: the SLA of all. days: that there are
 */
export function Ranking({ params, whole, days }) {
  const by = byOf(params);
  const order = /** @type {Order} */ (Object.keys(ORDERS).find((each) => each === params.get("order")) ?? "worst");
  const table = asTable(params, "rank");
  const scope = { ...rangeOf(params), ...filtersOf(params) };
  const title = text("ranking", { of: many(by) });
  const path = `v1/indicators/sla/${by}`;
  const query = { ...scope, ...ORDERS[order] };
  /** @type {Ranked} */
  const ranked = useData(table ? null : path, { ...query, limit: SHOWN + 1 });
  const some = (ranked.data?.[`sla_${by}`]?.length ?? 0) > SHOWN;
  const words = some ? text("first", { order: text(order), n: SHOWN }) : text(order);
  return html`<${Panel}
    name="rank"
    title=${title}
    params=${params}
    wide=${table}
    tools=${html`<${ExportMenu}
      what=${title}
      path=${path}
      query=${query}
      picture=${table ? undefined : `${datedWords(params, days)} · ${words}`}
    />`}
  >
    <div class="row spread">
      <nav class="row" aria-label=${text("by")}>
        ${FROM_THE_WHOLE.map(
          (each) =>
            html`<a
              key=${each}
              class="button"
              aria-current=${each === by ? "true" : null}
              href=${linkTo("explore", changed(params, { by: each, sort: null }))}
              >${one(each)}</a
            >`,
        )}
      </nav>
      ${!table &&
      html`<label class="row">
        <span class="small">${text("order")}</span>
        <select
          name="order"
          value=${order}
          onChange=${(/** @type {Event} */ event) => change({ order: valueOf(event) })}
        >
          ${Object.keys(ORDERS).map(
            (each) => html`<option key=${each} value=${each}>${text(/** @type {Order} */ (each))}</option>`,
          )}
        </select>
      </label>`}
    </div>
    ${table
      ? html`<${RankTable} key=${by} params=${params} by=${by} title=${title} begins=${SORTS[order]} />`
      : html`<p class="on-paper">${words}</p>
          <${RankBars} params=${params} by=${by} title=${title} ranked=${ranked} whole=${whole} />`}
  <//>`;
}

/**
 * @param {{ params: URLSearchParams, by: Dimension, title: string, ranked: Ranked, whole: number | null }} props
 */
function RankBars({ params, by, title, ranked, whole }) {
  const { data, problem, waiting, again } = ranked;
  const ranks = data?.[`sla_${by}`];
  const bars = (ranks ?? []).slice(0, SHOWN).map((rank) => ({
    name: wordsOf(rank, by),
    value: rank.sla_percentual,
    words: html`${percent(rank.sla_percentual)}${" · "}<${Count} params=${params} by=${by} row=${rank} />`,
    low: rank.sla_minimo,
    high: rank.sla_maximo,
    tone: whole === null ? "quiet" : toneOf(rank, whole),
    href: hrefOf(params, rank, by),
  }));
  return html`<div class="stack ${waiting ? "waiting" : ""}">
    <${Problems} problem=${problem} again=${again} />
    ${ranks?.length === 0 && html`<p class="quiet">${text("empty")}</p>`}
    <${Bars} label=${title} mark=${whole} bars=${bars} />
    ${(ranks?.length ?? 0) > SHOWN &&
    html`<p><a href=${linkTo("explore", changed(params, { rank: "table" }))}>${text("all")}</a></p>`}
    <p class="quiet small">${text("fair")}</p>
  </div>`;
}

/** The number of visits, that leads to them. @param {{ params: URLSearchParams, by: Dimension, row: Rank }} props */
function Count({ params, by, row }) {
  const name = nameOf(row, by);
  const count = number(row.total_de_atendimentos);
  return name === null
    ? html`<span>${count}</span>`
    : html`<a
        href=${linkToMade(params, { [by]: name })}
        aria-label=${`${name}: ${count} ${common("visits").toLowerCase()}`}
        >${count}</a
      >`;
}

/**
 * @param {{ params: URLSearchParams, by: Dimension, title: string, begins: string }} props
 * begins: the order that it has until a person says another
 */
function RankTable({ params, by, title, begins }) {
  const { rows, problem, waiting, again } = useRows(params, by);
  const columns = columnsOf(params, by);
  const [, minus = "", name = ""] = /^(-?)(\w+)$/.exec(params.get("sort") ?? begins) ?? [];
  const sort = { name, desc: minus === "-" };
  return html`<div class="stack ${waiting ? "waiting" : ""}">
    <${Problems} problem=${problem} again=${again} />
    <${Table}
      caption=${title}
      columns=${columns}
      rows=${sortRows(rows, columns, sort)}
      keyOf=${(/** @type {Row} */ row) => nameOf(row, by) ?? ""}
      sort=${sort}
      onSort=${(/** @type {import("../../parts/table.js").Sort} */ { name, desc }) =>
        change({ sort: `${desc ? "-" : ""}${name}` }, { replace: true })}
      filters
    />
  </div>`;
}

/** SLA and pace of everybody, in one row each. @param {URLSearchParams} params @param {Dimension} by */
function useRows(params, by) {
  const scope = { ...rangeOf(params), ...filtersOf(params) };
  /** @type {import("../../data.js").Answered<Record<string, readonly Rank[]>>} */
  const sla = useData(`v1/indicators/sla/${by}`, { ...scope, sort_field: by, desc: "false" });
  /** @type {import("../../data.js").Answered<Record<string, readonly Pace[]>>} */
  const pace = useData(`v1/indicators/productivity${by === "angel" ? "" : `/${by}`}`, {
    ...scopeOf(params),
    sort_field: by,
    desc: "false",
  });
  const paces = pace.data?.[by === "angel" ? "produtividade" : `produtividade_${by}`] ?? [];
  const paceOf = new Map(paces.map((row) => [nameOf(row, by), row]));
  const rows = (sla.data?.[`sla_${by}`] ?? []).map((row) => ({ ...paceOf.get(nameOf(row, by)), ...row }));
  return { rows, problem: sla.problem ?? pace.problem, waiting: sla.waiting, again: sla.again };
}

/** @param {URLSearchParams} params @param {Dimension} by @returns {import("../../parts/table.js").Column<Row>[]} */
function columnsOf(params, by) {
  /**
   * @param {string} name
   * @param {string} title
   * @param {(row: Row) => number | null | undefined} of
   * @param {(value: number | null | undefined) => string} words
   */
  const figure = (name, title, of, words) => ({
    name,
    title,
    of,
    show: (/** @type {Row} */ row) => words(of(row)),
    number: true,
  });
  return [
    nameColumn(params, by),
    {
      ...figure("total", common("visits"), (row) => row.total_de_atendimentos, number),
      show: (row) => html`<${Count} params=${params} by=${by} row=${row} />`,
    },
    figure("sla", common("sla"), (row) => row.sla_percentual, percent),
    figure("least", text("least"), (row) => row.sla_minimo, percent),
    figure("most", text("most_sla"), (row) => row.sla_maximo, percent),
    figure("on_time", common("on_time"), (row) => row.total_de_atendimentos_no_prazo, number),
    figure("late", common("late"), (row) => row.total_de_atendimentos - row.total_de_atendimentos_no_prazo, number),
    figure(
      "pace",
      text("pace"),
      (row) => row.produtividade,
      (value) => number(value, 2),
    ),
  ];
}
