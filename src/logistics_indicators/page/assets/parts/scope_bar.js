/** The period and the filters of a view, as fields that write the address. */

import { get } from "../api.js";
import { all, DIMENSIONS, one } from "../dimensions.js";
import { day } from "../format.js";
import { Fragment, html, useEffect, useId, useState } from "../html.js";
import { change } from "../route.js";
import { PERIODS, periodOf, rangeOf } from "../scope.js";
import { textsOf } from "../texts.js";
import { UFS } from "../ufs.js";
import { today } from "../zone.js";
import { useNarrow } from "./narrow.js";
import { Typed, valueOf } from "./typed.js";

const text = textsOf({
  pt: {
    scope: "Período e filtros",
    period: "Período",
    all: "Todos os dias",
    "7d": "Últimos 7 dias",
    "30d": "Últimos 30 dias",
    "90d": "Últimos 90 dias",
    month: "Este mês",
    last_month: "Mês passado",
    year: "Este ano",
    last_year: "Ano passado",
    own: "Outro…",
    from: "De",
    to: "Até",
    clear: "Limpar filtros",
    calendar: "Dias úteis",
    nacional: "Nacionais",
    polo: "Do polo",
  },
  en: {
    scope: "Period and filters",
    period: "Period",
    all: "All days",
    "7d": "Last 7 days",
    "30d": "Last 30 days",
    "90d": "Last 90 days",
    month: "This month",
    last_month: "Last month",
    year: "This year",
    last_year: "Last year",
    own: "Other…",
    from: "From",
    to: "To",
    clear: "Clear filters",
    calendar: "Business days",
    nacional: "National",
    polo: "Of the polo",
  },
});

/** @param {{ params: URLSearchParams, first?: string | null, last?: string | null, children?: import("../html.js").Children }} props first, last: what own days begin with */
export function ScopeBar({ params, first, last, children }) {
  const period = periodOf(params);
  const range = rangeOf(params);
  /** @param {Event} event */
  function choose(event) {
    const chosen = valueOf(event);
    if (chosen === "own") {
      const [from, to] = [first ?? last ?? today(), last ?? today()];
      change({ period: null, start_date: range.start_date ?? from, end_date: range.end_date ?? to });
    } else change({ period: chosen === "all" ? null : chosen, start_date: null, end_date: null });
  }
  const filtered = DIMENSIONS.some((name) => params.has(name));
  const none = Object.fromEntries(DIMENSIONS.map((name) => [name, null]));
  const fields = html`<${Fragment}>
    <label class="field">
      <span>${text("period")}</span>
      <select name="period" value=${period} onChange=${choose}>
        ${PERIODS.map((each) => html`<option value=${each}>${text(each)}</option>`)}
      </select>
    </label>
    ${period === "own" &&
    html`
      <${DayField} name="start_date" label=${text("from")} value=${range.start_date} />
      <${DayField} name="end_date" label=${text("to")} value=${range.end_date} />
    `}
    ${DIMENSIONS.map((name) => html`<${NameField} key=${name} name=${name} value=${params.get(name) ?? ""} />`)}
    ${children} ${filtered && html`<button class="to-end" onClick=${() => change(none)}>${text("clear")}</button>`}
  <//>`;
  const days =
    period === "own"
      ? [range.start_date, range.end_date].map((each) => (each ? day(each) : "…")).join(" – ")
      : text(period);
  const chosen = [days, ...DIMENSIONS.map((name) => params.get(name))].filter(Boolean).join(" · ");
  if (!useNarrow())
    return html`<section class="row scope" aria-label=${text("scope")}>${fields}</section>
      <p class="on-paper" aria-hidden="true">${chosen}</p>`;
  return html`<details class="card fold">
      <summary><b>${text("scope")}</b><span class="quiet small">${chosen}</span></summary>
      <div class="row scope">${fields}</div>
    </details>
    <p class="on-paper" aria-hidden="true">${chosen}</p>`;
}

/** @param {{ name: string, label: string, value?: string }} props */
function DayField({ name, label, value }) {
  return html`<label class="field">
    <span>${label}</span>
    <${Typed}
      type="date"
      name=${name}
      value=${value ?? ""}
      done=${(/** @type {string} */ day) => change({ [name]: day })}
    />
  </label>`;
}

/** @typedef {import("../dimensions.js").Dimension} Dimension */

/** @param {{ name: Dimension, value: string }} props */
function NameField({ name, value }) {
  const list = useId();
  const [asked, setAsked] = useState(false);
  const names = useNames(name, asked);
  return html`<label class="field">
    <span>${one(name)}</span>
    <${Typed}
      name=${name}
      list=${list}
      value=${value}
      placeholder=${all(name)}
      autocomplete="off"
      onFocus=${() => setAsked(true)}
      done=${(/** @type {string} */ chosen) => change({ [name]: name === "uf" ? chosen.toUpperCase() : chosen })}
    />
    <datalist id=${list}>${names.map((each) => html`<option value=${each} />`)}</datalist>
  </label>`;
}

/** @type {Map<string, Promise<string[]>>} */
const asking = new Map();

/** The names that a filter knows, asked for when its field is entered. @param {Dimension} name @param {boolean} asked */
function useNames(name, asked) {
  const [names, setNames] = useState(/** @type {readonly string[]} */ (name === "uf" ? UFS.map(({ uf }) => uf) : []));
  useEffect(() => {
    if (!asked || name === "uf") return;
    if (!asking.has(name)) asking.set(name, namesOf(name));
    asking.get(name)?.then(setNames, () => asking.delete(name));
  }, [asked]);
  return names;
}

/** @param {Dimension} name */
async function namesOf(name) {
  /** @type {Record<string, Record<string, string>[]>} */
  const answer = await get(`v1/indicators/sla/${name}`, { sort_field: name, desc: "false", limit: 5000 });
  return (answer[`sla_${name}`] ?? []).map((row) => row[name] ?? "");
}
