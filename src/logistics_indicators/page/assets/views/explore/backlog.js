/** The visits not made yet, by how long ago they were due. They are of today: no period narrows them. */

import { useData } from "../../data.js";
import { byOf } from "../../dimensions.js";
import { day, number } from "../../format.js";
import { html } from "../../html.js";
import { Bars } from "../../parts/bars.js";
import { ExportMenu } from "../../parts/export_menu.js";
import { asTable, Panel, usePlace, useSeen } from "../../parts/panel.js";
import { filtersWords } from "../../parts/scope_words.js";
import { Problems } from "../../parts/problems.js";
import { Table } from "../../parts/table.js";
import { filtersOf } from "../../scope.js";
import { common, textsOf } from "../../texts.js";
import { linkToOpen } from "../visits/link.js";
import { plusDays } from "../../days.js";
import { hrefOf, nameColumn, nameOf, wordsOf } from "./names.js";

/** @typedef {import("api").components["schemas"]["BacklogUfAnswer"]} Answer */
/** @typedef {import("api").components["schemas"]["AngelBacklog"]} AngelBacklog */
/** @typedef {Omit<AngelBacklog, "angel"> & import("../../dimensions.js").Named} Open */
/** @typedef {import("../../dimensions.js").Dimension} Dimension */

const text = textsOf({
  pt: {
    title: "Em aberto por idade",
    as_of: "Situação de {day}; o período não altera estes números.",
    due: "no prazo",
    week: "1 a 7 dias",
    month: "8 a 30 dias",
    quarter: "31 a 90 dias",
    older: "mais de 90",
    overdue: "vencidos",
    oldest: "Prazo mais antigo",
    days: "Dias de atraso",
    empty: "Nada em aberto com estes filtros.",
    link: "{age}: {n} em aberto",
    most: "Quem tem mais vencidos",
    of: "{overdue} de {open}",
  },
  en: {
    title: "Open visits by age",
    as_of: "As of {day}; the period does not change these numbers.",
    due: "not due yet",
    week: "1 to 7 days",
    month: "8 to 30 days",
    quarter: "31 to 90 days",
    older: "more than 90",
    overdue: "overdue",
    oldest: "Oldest deadline",
    days: "Days overdue",
    empty: "Nothing open with these filters.",
    link: "{age}: {n} open",
    most: "Who has most overdue",
    of: "{overdue} of {open}",
  },
});

const SHOWN = 6;
/** Overdue by at least `from` days, and by `to` at most. */
const AGES = /** @type {const} */ ([
  { name: "due", from: null, to: 0 },
  { name: "week", from: 1, to: 7 },
  { name: "month", from: 8, to: 30 },
  { name: "quarter", from: 31, to: 90 },
  { name: "older", from: 91, to: null },
]);

/** @param {{ params: URLSearchParams }} props */
export function Backlog({ params }) {
  const inner = usePlace();
  const seen = useSeen(inner);
  const by = byOf(params);
  const filters = filtersOf(params);
  const { today, counts, problem, waiting, again } = useAges(seen, filters);
  const path = `v1/indicators/backlog/${by}`;
  const tools = html`<${ExportMenu}
    what=${text("title")}
    path=${path}
    query=${filters}
    picture=${asTable(params, "open") ? undefined : filtersWords(params)}
  />`;
  return html`<${Panel}
    name="open"
    title=${text("title")}
    params=${params}
    waiting=${seen && waiting}
    empty=${!counts && !problem}
    inner=${inner}
    wide=${asTable(params, "open")}
    tools=${tools}
  >
    <${Problems} problem=${problem} again=${again} />
    ${today && counts && html`<${Ages} params=${params} today=${today} counts=${counts} />`}
    ${asTable(params, "open")
      ? html`<${OpenTable} key=${by} params=${params} by=${by} path=${path} />`
      : html`<${Most} params=${params} by=${by} path=${seen ? path : null} />`}
  <//>`;
}

/**
 * How many visits are of each age: overdue on a day less those that were overdue on an earlier day.
 *
 * @param {boolean} seen
 * @param {import("../../scope.js").Scope} filters
 */
function useAges(seen, filters) {
  const path = seen ? "v1/indicators/backlog/uf" : null;
  /** @type {import("../../data.js").Answered<Answer>} */
  const now = useData(path, filters);
  const today = now.data?.as_of;
  const earlier = [7, 30, 90].map((days) => {
    const as_of = today && plusDays(today, -days);
    return /** @type {import("../../data.js").Answered<Answer>} */ (
      useData(as_of ? path : null, { ...filters, as_of })
    );
  });
  const overdue = [now, ...earlier].map(
    ({ data }) => data && data.backlog_uf.reduce((n, row) => n + row.total_atrasado, 0),
  );
  const open = now.data?.backlog_uf.reduce((n, row) => n + row.total_em_aberto, 0) ?? 0;
  const known = overdue.every((count) => count !== null);
  const least = [open, ...overdue.map((count) => count ?? 0), 0];
  return {
    today,
    counts: known ? AGES.map((_, place) => (least[place] ?? 0) - (least[place + 1] ?? 0)) : null,
    problem: now.problem,
    waiting: now.waiting || earlier.some(({ waiting }) => waiting),
    again: now.again,
  };
}

/** @param {{ params: URLSearchParams, today: string, counts: readonly number[] }} props */
function Ages({ params, today, counts }) {
  const most = Math.max(...counts);
  if (most === 0) return html`<p class="quiet">${text("empty")}</p>`;
  return html`
    <ol class="histogram" aria-label=${text("title")}>
      ${AGES.map(({ name, from, to }, place) => {
        const n = counts[place] ?? 0;
        const range = {
          data_limite_de: to === null ? null : plusDays(today, -to),
          data_limite_ate: from === null ? null : plusDays(today, -from),
        };
        return html`<li key=${name}>
          ${n > 0
            ? html`<a href=${linkToOpen(params, range)} aria-label=${text("link", { age: text(name), n })}
                >${number(n)}</a
              >`
            : html`<span>0</span>`}
          <i class=${from === null ? "" : "bad"} style=${{ height: `${(100 * n) / most}%` }}></i>
          <span>${text(name)}</span>
        </li>`;
      })}
    </ol>
    <p class="quiet small">${text("as_of", { day: day(today) })}</p>
  `;
}

/** @param {{ params: URLSearchParams, by: Dimension, path: string | null }} props */
function Most({ params, by, path }) {
  const query = { ...filtersOf(params), sort_field: "atrasados", limit: SHOWN };
  /** @type {import("../../data.js").Answered<Record<string, readonly Open[]>>} */
  const { data } = useData(path, query);
  const rows = (data?.[`backlog_${by}`] ?? []).filter((row) => row.total_atrasado > 0);
  if (rows.length === 0) return null;
  const bars = rows.map((row) => ({
    name: wordsOf(row, by),
    value: (100 * row.total_atrasado) / (rows[0]?.total_atrasado ?? 1),
    words: text("of", { overdue: row.total_atrasado, open: row.total_em_aberto }),
    tone: "bad",
    href: hrefOf(params, row, by),
  }));
  return html`<h3>${text("most")}</h3>
    <${Bars} label=${text("most")} bars=${bars} />`;
}

/** @param {{ params: URLSearchParams, by: Dimension, path: string }} props */
function OpenTable({ params, by, path }) {
  /** @type {import("../../data.js").Answered<Record<string, readonly Open[]> & { as_of: string }>} */
  const { data } = useData(path, filtersOf(params));
  /** @type {import("../../parts/table.js").Column<Open>[]} */
  const columns = [
    nameColumn(params, by),
    {
      name: "open",
      title: common("backlog"),
      number: true,
      of: (row) => row.total_em_aberto,
      show: (row) =>
        nameOf(row, by) === null
          ? number(row.total_em_aberto)
          : html`<a href=${linkToOpen(params, { [by]: nameOf(row, by) })}>${number(row.total_em_aberto)}</a>`,
    },
    {
      name: "overdue",
      title: common("overdue"),
      number: true,
      of: (row) => row.total_atrasado,
      show: (row) => number(row.total_atrasado),
    },
    {
      name: "oldest",
      title: text("oldest"),
      of: (row) => row.data_limite_mais_antiga,
      show: (row) => day(row.data_limite_mais_antiga),
    },
    {
      name: "days",
      title: text("days"),
      number: true,
      of: (row) => row.dias_de_atraso_do_mais_antigo,
      show: (row) => number(row.dias_de_atraso_do_mais_antigo),
    },
  ];
  return html`<${Table}
    caption=${text("title")}
    columns=${columns}
    rows=${data?.[`backlog_${by}`] ?? []}
    keyOf=${(/** @type {Open} */ row) => nameOf(row, by) ?? ""}
    sort=${{ name: "open", desc: true }}
    filters
  />`;
}
