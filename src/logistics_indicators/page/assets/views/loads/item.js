/** A file on its way: how far it is, what was found in it, and what can be done. */

import { Problem } from "../../problem.js";
import { bytes, percent, span } from "../../format.js";
import { html, useRef } from "../../html.js";
import { goesBehind, theWords, wordOf } from "../../kinds.js";
import { Action, useKeptFocus } from "../../parts/focus.js";
import { wordsOf } from "../../parts/problems.js";
import { translated } from "../../parts/service_words.js";
import { linkTo } from "../../route.js";
import { textsOf } from "../../texts.js";
import { Mapping } from "./mapping.js";
import { Preview } from "./preview.js";
import { useOpenRejects } from "./open_rejects.js";
import { Counts } from "./report.js";
import { confirm, drop, filesBefore } from "./sending.js";
import { stateOf, states } from "./words.js";

/** @typedef {import("./sending.js").Item} Item */

const text = textsOf({
  pt: {
    load: "Carregar",
    discard: "Descartar",
    hide: "Tirar da lista",
    cancel: "Cancelar",
    rate: "{rate}/s, faltam {eta}",
    resumed: "Continuou do último byte gravado: {sent} já estavam no serviço.",
    rows: { one: "{n} linha/s", other: "{n} linhas/s" },
    rows_eta: { one: "{n} linha/s, faltam {eta}", other: "{n} linhas/s, faltam {eta}" },
    open: "Abrir a carga {id}",
    mend: { one: "Corrigir {n} linha", other: "Corrigir {n} linhas" },
  },
  en: {
    load: "Load",
    discard: "Discard",
    hide: "Take off the list",
    cancel: "Cancel",
    rate: "{rate}/s, {eta} left",
    resumed: "Went on from the last byte stored: the service had {sent} already.",
    rows: { one: "{n} row/s", other: "{n} rows/s" },
    rows_eta: { one: "{n} row/s, {eta} left", other: "{n} rows/s, {eta} left" },
    open: "Open load {id}",
    mend: { one: "Mend {n} row", other: "Mend {n} rows" },
  },
});

/** @param {{ item: Item }} props */
export function OneItem({ item }) {
  const { name, size, kind, step, load, trouble, agreed = false } = item;
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  useKeptFocus(card);
  const [state, tone] = load && step === "ended" ? stateOf(load) : [];
  const told = load?.status === "undone" ? null : load; // what it did is taken back
  return html`
    <article class="card stack" aria-label=${name} data-step=${step} tabindex="-1" ref=${card}>
      <div class="row spread">
        <h3>${name}</h3>
        <span>
          ${state && html`<span class="tag ${tone}">${state}</span>${" "}`}
          <span class="quiet">${wordOf(kind)} · ${bytes(size)}</span>
        </span>
      </div>
      <${Progress} item=${item} />
      ${item.resumed &&
      step !== "refused" &&
      html`<p class="quiet small" role="status">${text("resumed", { sent: bytes(item.resumed) })}</p>`}
      ${trouble && html`<p class="notice ${step === "refused" ? "bad" : "fair"}" role="alert">${toldOf(trouble)}</p>`}
      ${step === "refused" && html`<${Mapping} item=${item} />`}
      ${told && told.rows_read > 0 && html`<${Counts} load=${told} />`}
      ${told?.error && html`<p class="notice bad" role="alert">${translated(told.error)}</p>`}
      ${told?.warnings.map((words) => html`<p class="notice fair">${translated(words)}</p>`)}
      ${step === "checked" && load && html`<${Preview} load=${load} agreed=${agreed} />`}
      <${Buttons} item=${item} />
    </article>
  `;
}

/** @param {import("./sending.js").Trouble} trouble */
const toldOf = ({ status, title, message, errors }) => wordsOf(new Problem(status, title, message, errors));

/** @param {Item} item */
function waits(item) {
  if (item.elsewhere) return states("elsewhere");
  const under = new Set(filesBefore(item).map(({ kind }) => kind));
  const before = goesBehind(item.kind).filter((kind) => under.has(kind));
  return before.length > 0 ? states("waiting", { kinds: theWords(before) }) : states("received");
}

/** @param {{ item: Item }} props */
function Progress({ item }) {
  const { step, sent, size, rate, load } = item;
  if (step === "checked" || step === "ended" || step === "refused") return null;
  if (step === "sending" || step === "paused") {
    const words =
      rate > 0 && step === "sending" ? text("rate", { rate: bytes(rate), eta: span((size - sent) / rate) }) : "";
    return html`<${Bar} value=${size ? sent / size : 0} label=${states(step)} words=${words} />`;
  }
  if (step === "waiting" || !load) return html`<p class="quiet" role="status">${waits(item)}</p>`;
  return html`<${Bar}
    value=${load.progress}
    label=${states(load.status === "received" ? "received" : step)}
    words=${paceOf(load)}
  />`;
}

/** @param {import("./sending.js").Load} load */
function paceOf({ rows_per_second: pace, rows_read: read, progress }) {
  if (!pace) return "";
  if (progress <= 0 || progress >= 1) return text("rows", { n: pace });
  return text("rows_eta", { n: pace, eta: span((read * (1 - progress)) / progress / pace) });
}

/** @param {{ value: number, label: string, words: string }} props */
function Bar({ value, label, words }) {
  return html`<div>
    <div class="row spread small">
      <span>${label}</span><span class="quiet">${words} ${percent(100 * value, 0)}</span>
    </div>
    <progress max="1" value=${value} aria-label=${label}></progress>
  </div>`;
}

/** @param {{ item: Item }} props */
function Buttons({ item }) {
  const { step, load, agreed = false } = item;
  const open = useOpenRejects((step === "ended" && load) || null);
  const ended = step === "ended" || step === "refused" || step === "loading";
  const word = ended ? text("hide") : step === "checked" ? text("discard") : text("cancel");
  return html`
    <div class="row">
      ${step === "checked" &&
      html`<${Action} class="main" off=${agreed} onClick=${() => confirm(item)}>${text("load")}<//>`}
      ${step === "ended" &&
      load &&
      !load.validate_only &&
      html`<a class="button" href=${linkTo("loads", { load: load.id })}>${text("open", { id: String(load.id) })}</a>`}
      ${step === "ended" &&
      load &&
      open > 0 &&
      html`<a class="button" href=${linkTo("mending", { load: load.id })}>${text("mend", { n: open })}</a>`}
      <button onClick=${() => drop(item)}>${word}</button>
    </div>
  `;
}
