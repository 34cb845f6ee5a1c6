/** Rejected rows by fault: the largest group first, and one value for all of a group. */

import { useData } from "../../data.js";
import { number } from "../../format.js";
import { html, useRef, useState } from "../../html.js";
import { Action, useKeptFocus, useModal } from "../../parts/focus.js";
import { Listing } from "../../parts/listing.js";
import { note } from "../../parts/notes.js";
import { wordsOf } from "../../parts/problems.js";
import { printing } from "../../printing.js";
import { change } from "../../route.js";
import { may } from "../../session.js";
import { useStore } from "../../store.js";
import { common, textsOf } from "../../texts.js";
import { reasonOf } from "../loads/words.js";
import { filledIn, ofGroup } from "./edits.js";
import { mend } from "./sending.js";
import { unsent } from "./unsent.js";

/** @typedef {import("api").components["schemas"]["RejectCounts"]} RejectCounts */
/** @typedef {import("api").components["schemas"]["RejectCount"]} Group */

const text = textsOf({
  pt: {
    title: "Por falha",
    fault: "Falha",
    column: "Coluna",
    value: "Valor",
    rows: "Linhas",
    all: "Todas as falhas",
    fill: "Preencher todas…",
    drop_all: "Descartar todas…",
    fill_title: { one: "{n} linha: {reason}", other: "{n} linhas: {reason}" },
    fill_value: "Novo valor de {column}",
    fill_send: { one: "Corrigir {n} linha", other: "Corrigir {n} linhas" },
    drop: { one: "Descartar {n} linha", other: "Descartar {n} linhas" },
    own: {
      one: "{n} destas linhas tem uma edição sua que não foi enviada. Ela vai junto, como você a deixou; o novo valor só entra onde você não escreveu.",
      other:
        "{n} destas linhas têm edições suas que não foram enviadas. Elas vão junto, como você as deixou; o novo valor só entra onde você não escreveu.",
    },
    own_drop: {
      one: "{n} destas linhas tem uma edição sua que não foi enviada. Ela vai junto, como você a deixou, e não é descartada.",
      other:
        "{n} destas linhas têm edições suas que não foram enviadas. Elas vão junto, como você as deixou, e não são descartadas.",
    },
    empty: "(vazio)",
    others: { one: "e mais {n} grupo", other: "e mais {n} grupos" },
    sent: { one: "{n} linha enviada.", other: "{n} linhas enviadas." },
    only: "Abra uma carga para preencher um grupo de uma vez.",
    choose: "Ver só estas",
  },
  en: {
    title: "By fault",
    fault: "Fault",
    column: "Column",
    value: "Value",
    rows: "Rows",
    all: "All faults",
    fill: "Fill in all…",
    drop_all: "Drop all…",
    fill_title: { one: "{n} row: {reason}", other: "{n} rows: {reason}" },
    fill_value: "New value of {column}",
    fill_send: { one: "Mend {n} row", other: "Mend {n} rows" },
    drop: { one: "Drop {n} row", other: "Drop {n} rows" },
    own: {
      one: "{n} of these rows has an edit of yours that was not sent. It goes along as you left it; the new value only goes where you wrote nothing.",
      other:
        "{n} of these rows have edits of yours that were not sent. They go along as you left them; the new value only goes where you wrote nothing.",
    },
    own_drop: {
      one: "{n} of these rows has an edit of yours that was not sent. It goes along as you left it, and is not dropped.",
      other:
        "{n} of these rows have edits of yours that were not sent. They go along as you left them, and are not dropped.",
    },
    empty: "(empty)",
    others: { one: "and {n} more group", other: "and {n} more groups" },
    sent: { one: "{n} row sent.", other: "{n} rows sent." },
    only: "Open a load to fill in a group at once.",
    choose: "See only these",
  },
});
const SHOWN = 6;
const MOST = 1_000;

/**
 * @param {{ filter: Record<string, string | null>, params: URLSearchParams, until: unknown, box: { current: HTMLElement | null } }} props
 * box: takes the focus when the group that had it is gone
 */
export function Groups({ filter, params, until, box }) {
  const [whole, setWhole] = useState(false);
  const [filling, setFilling] = useState(/** @type {Group | null} */ (null));
  useKeptFocus(box);
  /** @type {import("../../data.js").Answered<RejectCounts>} */
  const { data, again } = useData("v1/rejects/counts", { ...filter, limit: MOST }, { until });
  const all = useStore(printing) || whole;
  const counts = data?.counts.slice(0, all ? MOST : SHOWN) ?? [];
  const left = (data?.groups ?? 0) - counts.length;
  const close = () => {
    setFilling(null);
    if (document.activeElement === document.body) box.current?.focus(); // the group's own button is gone
  };
  const dialog =
    filling &&
    filter.load &&
    html`<${Fill}
      group=${data?.counts.find((each) => keyOf(each) === keyOf(filling)) ?? filling}
      load=${filter.load}
      close=${close}
      again=${again}
    />`;
  const chosen = (/** @type {Group} */ group) =>
    group.reason === params.get("reason") &&
    group.column === params.get("column") &&
    group.value === params.get("value");
  return html`
    ${counts.length > 0 &&
    html`<section class="stack" aria-label=${text("title")}>
      <${Listing}
        name=${text("title")}
        titles=${[
          { title: text("fault") },
          { title: text("column") },
          { title: text("value") },
          { title: text("rows"), number: true },
          { title: text("choose"), unseen: true },
        ]}
      >
        ${counts.map(
          (group) =>
            html`<${OneGroup}
              key=${keyOf(group)}
              group=${group}
              chosen=${chosen(group)}
              fill=${may("analyst") && filter.load ? () => setFilling(group) : null}
            />`,
        )}
      <//>
      ${left > 0 &&
      html`<p>
        ${all
          ? text("others", { n: left })
          : html`<button class="slim" onClick=${() => setWhole(true)}>${text("others", { n: left })}</button>`}
      </p>`}
    </section>`}
    ${dialog /* not in its group's row, which may go while somebody types */}
  `;
}

/** @param {Group} group */
const keyOf = ({ reason, column, value }) => `${reason} ${column} ${value}`;

/** @param {{ group: Group, chosen: boolean, fill: (() => void) | null }} props */
function OneGroup({ group, chosen, fill }) {
  const narrow = chosen
    ? { reason: null, column: null, value: null }
    : { reason: group.reason, column: group.column, value: group.value };
  return html`<tr aria-current=${chosen ? "true" : null}>
    <th scope="row">${reasonOf(group.reason)}</th>
    <td>${group.column ?? "–"}</td>
    <td class="clip" title=${group.value ?? ""}>${group.value === "" ? text("empty") : (group.value ?? "–")}</td>
    <td class="number">${number(group.rows)}</td>
    <td>
      <div class="row">
        <button class="slim" aria-pressed=${chosen} onClick=${() => change(narrow)}>${text("choose")}</button>
        ${fill && html`<button class="slim" onClick=${fill}>${text(group.column ? "fill" : "drop_all")}</button>`}
      </div>
    </td>
  </tr>`;
}

/** @param {{ group: Group, load: string, close: () => void, again: () => void }} props */
function Fill({ group, load, close, again }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  useModal(dialog);
  const where = { reason: group.reason, column: group.column, value: group.value };
  const own = ofGroup(useStore(unsent), Number(load), where);
  const dropped = [...own.values()].filter((edit) => edit.dropped).length;
  const [filled, left] = [group.rows - dropped, group.rows - own.size + dropped];
  /** @param {{ set?: Record<string, string>, drop?: true }} rule */
  async function send(rule) {
    setBusy(true);
    // The rule leaves out the lines that the request names: what was written in them is not lost.
    const edits = () => filledIn(ofGroup(unsent.get(), Number(load), where), rule.set ?? {});
    const whole = { where: known(where), ...rule };
    try {
      const done = await mend(Number(load), () => ({ edits: edits(), rule: whole }));
      if (done) note(text("sent", { n: done.rows + done.dropped }));
      change({ reason: null, column: null, value: null });
      dialog.current?.close(); // which gives the focus back
      again();
    } catch (problem) {
      setWrong(wordsOf(problem));
      setBusy(false);
    }
  }
  /** @param {SubmitEvent} event */
  function fill(event) {
    event.preventDefault();
    const value = new FormData(/** @type {HTMLFormElement} */ (event.target)).get("value");
    if (group.column) void send({ set: { [group.column]: String(value) } });
  }
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="fill">
    <form class="stack" onSubmit=${fill}>
      <h2 id="fill">${text("fill_title", { n: group.rows, reason: reasonOf(group.reason) })}</h2>
      ${group.column &&
      html`<label class="field">
        <span>${text("fill_value", { column: group.column })}</span>
        <input name="value" defaultValue=${group.value ?? ""} onFocus=${selected} />
      </label>`}
      ${own.size > 0 && html`<p class="notice fair">${text(group.column ? "own" : "own_drop", { n: own.size })}</p>`}
      ${wrong && html`<p class="notice bad" role="alert">${wrong}</p>`}
      <div class="row">
        ${group.column && html`<${Action} class="main" off=${busy}>${text("fill_send", { n: filled })}<//>`}
        <${Action} type="button" class="danger" off=${busy} onClick=${() => send({ drop: true })}>
          ${text("drop", { n: left })}
        <//>
        <button type="button" autofocus=${!group.column} onClick=${() => dialog.current?.close()}>
          ${common("cancel")}
        </button>
      </div>
    </form>
  </dialog>`;
}

/** What is typed takes the place of what stands there. @param {FocusEvent} event */
const selected = ({ target }) => /** @type {HTMLInputElement} */ (target).select();

/** Without what a group does not have. @param {Record<string, string | null>} where */
const known = (where) => Object.fromEntries(Object.entries(where).filter(([, value]) => value !== null));
