/** The visits one by one: those of the filters in the address, and one of them with where it came from. */

import { useData } from "../../data.js";
import { OF_VISITS, one } from "../../dimensions.js";
import { day, moment, NOTHING } from "../../format.js";
import { html } from "../../html.js";
import { ExportMenu } from "../../parts/export_menu.js";
import { Loading } from "../../parts/loading.js";
import { Problems } from "../../parts/problems.js";
import { ScopeBar } from "../../parts/scope_bar.js";
import { Typed, valueOf } from "../../parts/typed.js";
import { Table } from "../../parts/table.js";
import { change, changed, linkTo, searchOf } from "../../route.js";
import { filtersOf, rangeOf } from "../../scope.js";
import { common, textsOf } from "../../texts.js";
import { Detail } from "./detail.js";
import { useList } from "./list.js";
import { Outcome } from "./outcome.js";

/** @typedef {import("api").components["schemas"]["Service"]} Visit */

const text = textsOf({
  pt: {
    title: "Atendimentos",
    state: "Situação",
    any: "Todas",
    done: "Feitos",
    open: "Em aberto",
    more_filters: "Mais filtros",
    data_de_atendimento_de: "De",
    data_de_atendimento_ate: "Até",
    data_limite_de: "Prazo de",
    data_limite_ate: "Prazo até",
    id: "Atendimento",
    id_cliente: "Id do cliente",
    dias_de_atraso_de: "Dias de atraso de",
    dias_de_atraso_ate: "Dias de atraso até",
    load_id: "Trazidos pela carga",
    updated_by_load: "Alterados pela carga",
    total: { one: "{n} atendimento", other: "{n} atendimentos" },
    shown: "{n} na tela",
    first: "Só os primeiros {n} de {all}; o arquivo que se exporta tem todos.",
    filter: "{of}: {value}",
    outcome: "Resultado",
    empty: "Nenhum atendimento com estes filtros.",
    period_ends_early: "O período termina antes de começar.",
    ends_early: "“{from}” passa de “{to}”: nenhum atendimento cabe entre os dois.",
    no_period: "O período vale para a data do atendimento; o que está em aberto não tem uma.",
  },
  en: {
    title: "Visits",
    state: "Status",
    any: "All",
    done: "Made",
    open: "Open",
    more_filters: "More filters",
    data_de_atendimento_de: "From",
    data_de_atendimento_ate: "To",
    data_limite_de: "Deadline from",
    data_limite_ate: "Deadline to",
    id: "Visit",
    id_cliente: "Customer's id",
    dias_de_atraso_de: "Days late from",
    dias_de_atraso_ate: "Days late to",
    load_id: "Brought by load",
    updated_by_load: "Changed by load",
    total: { one: "{n} visit", other: "{n} visits" },
    shown: "{n} on screen",
    first: "The first {n} of {all} only; the exported file has them all.",
    filter: "{of}: {value}",
    outcome: "Outcome",
    empty: "No visit with these filters.",
    period_ends_early: "The period ends before it begins.",
    ends_early: "“{from}” lies beyond “{to}”: no visit is between the two.",
    no_period: "The period is of the visit's date; what is open has none.",
  },
});

const DAYS = /** @type {const} */ (["data_limite_de", "data_limite_ate"]);
const NUMBERS = /** @type {const} */ ([
  "dias_de_atraso_de",
  "dias_de_atraso_ate",
  "id",
  "id_cliente",
  "load_id",
  "updated_by_load",
]);

const FILTERS = ["aberto", ...DAYS, ...NUMBERS];
const TAKES = Object.fromEntries([...FILTERS, "visit"].map((name) => [name, null]));

/** What the list of the service is asked for. @param {URLSearchParams} params */
function questionOf(params) {
  const { start_date, end_date } = rangeOf(params);
  const own = Object.fromEntries(FILTERS.map((name) => [name, params.get(name)]));
  const made = { data_de_atendimento_de: start_date, data_de_atendimento_ate: end_date };
  return { ...filtersOf(params), ...own, ...(own.aberto === "true" ? {} : made) };
}

/** The list's own filters. @param {URLSearchParams} params */
function ownWords(params) {
  const state = STATES[/** @type {keyof typeof STATES} */ (params.get("aberto") ?? "any")] ?? "any";
  const states = state === "any" ? [] : [text("filter", { of: text("state"), value: text(state) })];
  /** @param {typeof DAYS[number] | typeof NUMBERS[number]} name @param {(value: string) => string} words */
  const filter = (name, words = String) => {
    const value = params.get(name);
    return value ? [text("filter", { of: text(name), value: words(value) })] : [];
  };
  return [...states, ...DAYS.flatMap((name) => filter(name, day)), ...NUMBERS.flatMap((name) => filter(name))];
}

const FROM_TO = /** @type {const} */ ([
  ["data_de_atendimento_de", "data_de_atendimento_ate"],
  ["data_limite_de", "data_limite_ate"],
  ["dias_de_atraso_de", "dias_de_atraso_ate"],
]);

/** Of filters that end before they begin. @param {import("../../route.js").Params} question */
function endsEarly(question) {
  return FROM_TO.flatMap(([from, to]) => {
    const [first, last] = [String(question[from] ?? ""), String(question[to] ?? "")];
    const early = first && last && (from === "dias_de_atraso_de" ? Number(first) > Number(last) : first > last);
    if (!early) return [];
    if (from === "data_de_atendimento_de") return text("period_ends_early");
    return text("ends_early", { from: text(from), to: text(to) });
  });
}

/** @param {{ params: URLSearchParams }} props */
export function Visits({ params }) {
  const question = questionOf(params);
  /** @type {import("./list.js").Listed<Visit>} */
  const { rows, near, problem, waiting, more, again } = useList("v1/services", "atendimentos", question);
  /** @type {import("../../data.js").Answered<{ total: number }>} */
  const { data: total } = useData("v1/services/total", question);
  const visit = params.get("visit");
  return html`
    <h1 class="visually-hidden">${text("title")}</h1>
    <${ScopeBar} params=${params} takes=${TAKES} near=${near} own=${ownWords(params)}>
      <${StateField} value=${params.get("aberto") ?? "any"} />
    <//>
    <${MoreFilters} params=${params} />
    <${Problems} problem=${problem} again=${again} names=${text} />
    ${endsEarly(question).map((words) => html`<p class="notice bad" role="alert" key=${words}>${words}</p>`)}
    <section class="card stack" aria-label=${text("title")}>
      <div class="row spread">
        <p role="status">
          <b>${total ? text("total", { n: total.total }) : ""}</b>${" "}
          <span class="quiet small not-on-paper">${rows && text("shown", { n: rows.length })}</span>
        </p>
        <${ExportMenu} what=${text("title")} path="v1/services" query=${question} />
      </div>
      ${rows &&
      total &&
      rows.length < total.total &&
      html`<p class="on-paper">${text("first", { n: rows.length, all: total.total })}</p>`}
      ${params.get("aberto") === "true" &&
      rangeOf(params).start_date &&
      html`<p class="quiet small">${text("no_period")}</p>`}
      ${rows?.length === 0 &&
      !problem &&
      endsEarly(question).length === 0 &&
      html`<p class="quiet">${text("empty")}</p>`}
      ${rows?.length
        ? html`<div class=${waiting ? "waiting" : ""}>
            <${VisitTable} params=${params} rows=${rows} subject=${String(searchOf(question))} />
          </div>`
        : !rows && !problem && html`<${Loading} />`}
      ${more && html`<p><button onClick=${more}>${common("more")}</button></p>`}
    </section>
    ${visit && html`<${Detail} key=${visit} id=${visit} />`}
  `;
}

const STATES = /** @type {const} */ ({ any: "any", false: "done", true: "open" });

/** @param {{ value: string }} props */
function StateField({ value }) {
  return html`<label class="field">
    <span>${text("state")}</span>
    <select
      name="aberto"
      value=${value}
      onChange=${(/** @type {Event} */ event) => change({ aberto: valueOf(event) === "any" ? null : valueOf(event) })}
    >
      ${["any", "false", "true"].map(
        (each) =>
          html`<option key=${each} value=${each}>${text(STATES[/** @type {keyof typeof STATES} */ (each)])}</option>`,
      )}
    </select>
  </label>`;
}

/** @param {{ params: URLSearchParams }} props */
function MoreFilters({ params }) {
  const some = [...DAYS, ...NUMBERS].some((name) => params.has(name));
  /** @param {typeof DAYS[number] | typeof NUMBERS[number]} name @param {object} field */
  const field = (name, field) =>
    html`<label class="field" key=${name}>
      <span>${text(name)}</span>
      <${Typed}
        name=${name}
        value=${params.get(name) ?? ""}
        done=${(/** @type {string} */ typed) => change({ [name]: typed })}
        ...${field}
      />
    </label>`;
  return html`<details open=${some}>
    <summary>${text("more_filters")}</summary>
    <div class="row">
      ${DAYS.map((name) => field(name, { type: "date" }))}
      ${NUMBERS.map((name) => field(name, { inputmode: "numeric", pattern: "[0-9]*", size: 10 }))}
    </div>
  </details>`;
}

/** @param {{ params: URLSearchParams, rows: readonly Visit[], subject: string }} props */
function VisitTable({ params, rows, subject }) {
  /** @type {(name: string, value: string | number) => string} */
  const narrowed = (name, value) => linkTo("visits", changed(params, { [name]: value }));
  /** @type {import("../../parts/table.js").Column<Visit>[]} */
  const columns = [
    {
      name: "id",
      title: text("id"),
      of: ({ id }) => id,
      show: ({ id }) => html`<a href=${narrowed("visit", id)}>${id}</a>`,
      number: true,
    },
    ...OF_VISITS.map((by) => ({
      name: by,
      title: one(by),
      of: (/** @type {Visit} */ { [by]: name }) => name,
      show: (/** @type {Visit} */ { [by]: name }) =>
        name ? html`<a class="clip" title=${name} href=${narrowed(by, name)}>${name}</a>` : NOTHING,
    })),
    {
      name: "data_limite",
      title: common("deadline"),
      of: (row) => row.data_limite,
      show: (row) => day(row.data_limite),
    },
    {
      name: "data_de_atendimento",
      title: common("attended"),
      of: (row) => row.data_de_atendimento,
      show: (row) => moment(row.data_de_atendimento),
    },
    {
      name: "outcome",
      title: text("outcome"),
      of: (row) => row.data_de_atendimento,
      show: (row) => html`<${Outcome} visit=${row} />`,
    },
    {
      name: "id_cliente",
      title: common("customer"),
      of: (row) => row.id_cliente,
      show: (row) => html`<a href=${narrowed("id_cliente", row.id_cliente)}>${row.id_cliente}</a>`,
      number: true,
    },
  ];
  return html`<${Table}
    caption=${text("title")}
    columns=${columns.map((column) => ({ ...column, sorts: false }))}
    rows=${rows}
    keyOf=${(/** @type {Visit} */ { id }) => id}
    subject=${subject}
  />`;
}
