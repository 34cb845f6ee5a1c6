/** The period and the filters of a view, as fields that write the address. */

import { get } from "../api.js";
import { all, DIMENSIONS, one } from "../dimensions.js";
import { Fragment, html, useEffect, useId, useState } from "../html.js";
import { change } from "../route.js";
import { PERIODS, periodOf, rangeOf } from "../scope.js";
import { textsOf } from "../texts.js";
import { UFS, ufsLike } from "../ufs.js";
import { today } from "../zone.js";
import { useNarrow } from "./narrow.js";
import { NearNames } from "./near_names.js";
import { datedWords, periods, scopeWords } from "./scope_words.js";
import { Typed, valueOf } from "./typed.js";
import { Unread } from "./unread.js";

const text = textsOf({
  pt: {
    scope: "Período e filtros",
    period: "Período",
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
    from: "From",
    to: "To",
    clear: "Clear filters",
    calendar: "Business days",
    nacional: "National",
    polo: "Of the polo",
  },
});

/**
 * @param {{
 *   params: URLSearchParams,
 *   takes: import("../scope.js").Takes,
 *   first?: string | null,
 *   last?: string | null,
 *   near?: import("./near_names.js").Near | null,
 *   words?: string | null,
 *   own?: readonly string[],
 *   children?: import("../html.js").Children,
 * }} props
 * takes, near: see there. first, last: what own days begin with. words: what paper says, unless it is the period, its
 * days and the filters. own: the view's own filters, in words
 */
export function ScopeBar({ params, takes, first, last, near, words, own = [], children }) {
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
        ${PERIODS.map((each) => html`<option value=${each}>${periods(each)}</option>`)}
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
  const chosen = scopeWords(params);
  const printed = html`<p class="on-paper" aria-hidden="true">
    ${[words ?? datedWords(params, { start_date: first, end_date: last }), ...own].join(" · ")}
  </p>`;
  const told = html`<${Unread} params=${params} takes=${takes} />
    <${NearNames} params=${params} near=${near} />
    ${printed}`;
  if (!useNarrow())
    return html`<section class="row scope" aria-label=${text("scope")}>${fields}</section>
      ${told}`;
  return html`<details class="card fold">
      <summary><b>${text("scope")}</b><span class="quiet small">${chosen}</span></summary>
      <div class="row scope">${fields}</div>
    </details>
    ${told}`;
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
      done=${(/** @type {string} */ chosen) => change({ [name]: name === "uf" ? lettersOf(chosen) : chosen })}
    />
    <datalist id=${list}>${names.map((each) => html`<option value=${each} />`)}</datalist>
  </label>`;
}

/** Of a state's name, too. @param {string} typed */
function lettersOf(typed) {
  const [uf, ...others] = ufsLike(typed);
  return uf && others.length === 0 ? uf : typed.toUpperCase();
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
