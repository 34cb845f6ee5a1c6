/** By how many days the late visits were late: of all, and of those with the most. */

import { useData } from "../../data.js";
import { byOf } from "../../dimensions.js";
import { number, percent } from "../../format.js";
import { html } from "../../html.js";
import { Bars } from "../../parts/bars.js";
import { ExportMenu } from "../../parts/export_menu.js";
import { asTable, Panel, usePlace, useSeen } from "../../parts/panel.js";
import { datedWords } from "../../parts/scope_words.js";
import { Problems } from "../../parts/problems.js";
import { Table } from "../../parts/table.js";
import { filtersOf, rangeOf } from "../../scope.js";
import { common, textsOf } from "../../texts.js";
import { linkToLate } from "../visits/link.js";
import { hrefOf, nameColumn, nameOf, wordsOf } from "./names.js";

/** @typedef {import("api").components["schemas"]["AngelLateness"]} AngelLateness */
/** @typedef {Omit<AngelLateness, "angel"> & import("../../dimensions.js").Named} Late */
/** @typedef {import("../../dimensions.js").Dimension} Dimension */

const text = textsOf({
  pt: {
    title: "Atraso em dias",
    whole: "{late} de {all} atendimentos com atraso ({share})",
    one: "1 dia",
    two: "2 dias",
    some: "3 a 5 dias",
    more: "mais de 5",
    most: "Quem mais atrasou",
    median: "Mediana",
    p90: "9 de 10 até",
    mean: "Média",
    share: "% com atraso",
    link: "{days}: {n} com atraso",
    empty: "Nenhum atraso com estes filtros.",
  },
  en: {
    title: "Days late",
    whole: "{late} of {all} visits were late ({share})",
    one: "1 day",
    two: "2 days",
    some: "3 to 5 days",
    more: "more than 5",
    most: "Who was late most",
    median: "Median",
    p90: "9 of 10 within",
    mean: "Mean",
    share: "% late",
    link: "{days}: {n} late",
    empty: "Nothing late with these filters.",
  },
});

const SHOWN = 6;
/** Late by at least `from` days, and by `to` at most. */
const CLASSES = /** @type {const} */ ([
  { name: "one", from: 1, to: 1, count: "atrasados_1_dia", share: "percentual_1_dia" },
  { name: "two", from: 2, to: 2, count: "atrasados_2_dias", share: "percentual_2_dias" },
  { name: "some", from: 3, to: 5, count: "atrasados_3_a_5_dias", share: "percentual_3_a_5_dias" },
  { name: "more", from: 6, to: null, count: "atrasados_mais_de_5_dias", share: "percentual_mais_de_5_dias" },
]);

/** @param {{ params: URLSearchParams, days: import("../../parts/scope_words.js").Days | null }} props days: that there are */
export function Lateness({ params, days }) {
  const inner = usePlace();
  const seen = useSeen(inner);
  const by = byOf(params);
  const table = asTable(params, "late");
  const scope = { ...rangeOf(params), ...filtersOf(params) };
  const path = `v1/indicators/lateness/${by}`;
  /** @type {import("../../data.js").Answered<Record<string, readonly Late[]>>} */
  const whole = useData(seen ? "v1/indicators/lateness/uf" : null, scope);
  /** @type {import("../../data.js").Answered<Record<string, readonly Late[]>>} */
  const each = useData(seen ? path : null, table ? scope : { ...scope, limit: SHOWN });
  const rows = each.data?.[`lateness_${by}`] ?? [];
  const tools = html`<${ExportMenu}
    what=${text("title")}
    path=${path}
    query=${scope}
    picture=${table ? undefined : datedWords(params, days)}
  />`;
  const shown = { params, by, rows };
  return html`<${Panel}
    name="late"
    title=${text("title")}
    params=${params}
    waiting=${seen && (whole.waiting || each.waiting)}
    empty=${!whole.data && !whole.problem}
    inner=${inner}
    wide=${table}
    tools=${tools}
  >
    <${Problems} problem=${whole.problem ?? each.problem} again=${whole.again} />
    ${whole.data && html`<${Histogram} params=${params} rows=${whole.data.lateness_uf ?? []} />`}
    ${each.data && (table ? html`<${LateTable} key=${by} ...${shown} />` : html`<${Most} ...${shown} />`)}
  <//>`;
}

/** @param {readonly Late[]} rows @param {"total_de_atendimentos" | "total_de_atrasados" | typeof CLASSES[number]["count"]} field */
const sum = (rows, field) => rows.reduce((before, row) => before + row[field], 0);

/** @param {{ params: URLSearchParams, rows: readonly Late[] }} props rows: whose sums are all */
function Histogram({ params, rows }) {
  const [all, late] = [sum(rows, "total_de_atendimentos"), sum(rows, "total_de_atrasados")];
  if (late === 0) return html`<p class="quiet">${text("empty")}</p>`;
  const counts = CLASSES.map(({ name, from, to, count }) => ({ name, from, to, count: sum(rows, count) }));
  const most = Math.max(...counts.map(({ count }) => count));
  return html`
    <p>
      <a href=${linkToLate(params)}> ${text("whole", { late, all, share: percent((100 * late) / all) })} </a>
    </p>
    <ol class="histogram" aria-label=${text("title")}>
      ${counts.map(
        ({ name, from, to, count }) => html`
          <li key=${name}>
            ${count > 0
              ? html`<a
                  class="number"
                  href=${linkToLate(params, { dias_de_atraso_de: from, dias_de_atraso_ate: to })}
                  aria-label=${text("link", { days: text(name), n: count })}
                  >${percent((100 * count) / late, 1)}</a
                >`
              : html`<span class="number">${percent(0, 1)}</span>`}
            <i style=${{ height: `${(100 * count) / most}%` }}></i>
            <span>${text(name)}</span>
            <span class="quiet small">${number(count)}</span>
          </li>
        `,
      )}
    </ol>
  `;
}

/** @typedef {{ params: URLSearchParams, by: Dimension, rows: readonly Late[] }} Shown */

/** @param {Shown} props */
function Most({ params, by, rows }) {
  const bars = rows
    .filter((row) => row.total_de_atrasados > 0)
    .map((row) => ({
      name: wordsOf(row, by),
      value: row.percentual_de_atrasados,
      words: `${percent(row.percentual_de_atrasados, 1)} · ${number(row.total_de_atrasados)}`,
      tone: "fair",
      href: hrefOf(params, row, by),
    }));
  if (bars.length === 0) return null;
  return html`<h3>${text("most")}</h3>
    <${Bars} label=${text("most")} bars=${bars} />`;
}

/** @param {Shown} props */
function LateTable({ params, by, rows }) {
  /** @type {import("../../parts/table.js").Column<Late>[]} */
  const columns = [
    nameColumn(params, by),
    {
      name: "late",
      title: common("late"),
      number: true,
      of: (row) => row.total_de_atrasados,
      show: (row) =>
        nameOf(row, by) === null || row.total_de_atrasados === 0
          ? number(row.total_de_atrasados)
          : html`<a href=${linkToLate(params, { [by]: nameOf(row, by) })}>${number(row.total_de_atrasados)}</a>`,
    },
    {
      name: "share",
      title: text("share"),
      number: true,
      of: (row) => row.percentual_de_atrasados,
      show: (row) => percent(row.percentual_de_atrasados),
    },
    {
      name: "mean",
      title: text("mean"),
      number: true,
      of: (row) => row.media_de_dias_de_atraso,
      show: (row) => number(row.media_de_dias_de_atraso, 2),
    },
    {
      name: "median",
      title: text("median"),
      number: true,
      of: (row) => row.p50_de_dias_de_atraso,
      show: (row) => number(row.p50_de_dias_de_atraso),
    },
    {
      name: "p90",
      title: text("p90"),
      number: true,
      of: (row) => row.p90_de_dias_de_atraso,
      show: (row) => number(row.p90_de_dias_de_atraso),
    },
    ...CLASSES.map(({ name, share }) => ({
      name,
      title: text(name),
      number: true,
      of: (/** @type {Late} */ row) => row[share],
      show: (/** @type {Late} */ row) => percent(row[share], 1),
    })),
  ];
  return html`<${Table}
    caption=${text("title")}
    columns=${columns}
    rows=${rows}
    keyOf=${(/** @type {Late} */ row) => nameOf(row, by) ?? ""}
    sort=${{ name: "late", desc: true }}
    filters
  />`;
}
