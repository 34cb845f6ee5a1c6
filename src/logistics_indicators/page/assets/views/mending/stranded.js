/** What was edited in rows that are not open any more: what happened to them, the edits, and what can be done. */

import { html, useEffect } from "../../html.js";
import { Listing } from "../../parts/listing.js";
import { note } from "../../parts/notes.js";
import { useStore } from "../../store.js";
import { textsOf } from "../../texts.js";
import { keyOf } from "./edits.js";
import { tsvOf } from "./tsv.js";
import { notAmong, setApart, stranded } from "./unsent.js";

/** @typedef {import("./unsent.js").Stranded} Edit */
/** @typedef {import("./edits.js").Reject} Reject */

const text = textsOf({
  pt: {
    title: {
      one: "A sua edição de {n} linha não foi enviada",
      other: "As suas edições de {n} linhas não foram enviadas",
    },
    undone: "A carga {load} foi desfeita ({lines}).",
    gone: "A carga {load} não guarda mais estas linhas ({lines}).",
    mended: {
      one: "Já tinha sido corrigida, na carga {by} ({lines}).",
      other: "Já tinham sido corrigidas, na carga {by} ({lines}).",
    },
    dropped: {
      one: "Já tinha sido descartada, por {by} ({lines}).",
      other: "Já tinham sido descartadas, por {by} ({lines}).",
    },
    waiting: { one: "Já espera pelo seu cliente ({lines}).", other: "Já esperam pelo seu cliente ({lines})." },
    lines: { one: "carga {load}, linha {lines}", other: "carga {load}, linhas {lines}" },
    advice: "As edições ficam aqui até você as descartar. Copiadas, elas se colam numa planilha.",
    copy: "Copiar as edições",
    copied: "Edições copiadas.",
    discard: "Descartar as edições",
    line: "Carga · Linha",
    edits: "Edições não enviadas",
    drop: "(descartar)",
  },
  en: {
    title: { one: "Your edit of {n} row was not sent", other: "Your edits of {n} rows were not sent" },
    undone: "Load {load} was undone ({lines}).",
    gone: "Load {load} does not keep these rows any more ({lines}).",
    mended: {
      one: "It had been mended already, by load {by} ({lines}).",
      other: "They had been mended already, by load {by} ({lines}).",
    },
    dropped: {
      one: "It had been dropped already, by {by} ({lines}).",
      other: "They had been dropped already, by {by} ({lines}).",
    },
    waiting: {
      one: "It waits for its customer already ({lines}).",
      other: "They wait for their customers already ({lines}).",
    },
    lines: { one: "load {load}, line {lines}", other: "load {load}, lines {lines}" },
    advice: "The edits stay here until you discard them. Copied, they are pasted into a spreadsheet.",
    copy: "Copy the edits",
    copied: "Edits copied.",
    discard: "Discard the edits",
    line: "Load · Line",
    edits: "Edits that were not sent",
    drop: "(drop)",
  },
});

/**
 * Looks after the edits whose rows went out of the list: they may only be out of sight.
 *
 * @param {import("./edits.js").Edits} edits @param {readonly Reject[] | null} rejects
 */
export function useSetApart(edits, rejects) {
  const missing = rejects ? notAmong(edits, rejects) : [];
  useEffect(() => {
    if (missing.length) setApart(missing).catch(() => undefined); // it is looked again with the next news
  }, [rejects, missing.join(" ")]);
}

export function StrandedEdits() {
  const edits = [...useStore(stranded).values()];
  return html`<div role="alert" class=${edits.length ? "stack" : "visually-hidden"}>
    ${edits.length > 0 && html`<${Told} edits=${edits} />`}
  </div>`;
}

/** @param {{ edits: readonly Edit[] }} props */
function Told({ edits }) {
  const columns = [...new Set(edits.flatMap(({ reject, cells }) => Object.keys({ ...reject.cells, ...cells })))];
  const discard = () => stranded.set(new Map());
  return html`<section class="notice fair stack" aria-label=${text("edits")}>
    <h2>${text("title", { n: edits.length })}</h2>
    ${reasonsOf(edits).map((reason) => html`<p key=${reason}>${reason}</p>`)}
    <p>${text("advice")}</p>
    <${Listing} name=${text("edits")} titles=${[text("line"), ...columns].map((title) => ({ title }))}>
      ${edits.map((edit) => html`<${Row} key=${keyOf(edit.reject)} edit=${edit} columns=${columns} />`)}
    <//>
    <div class="row">
      <button class="main" onClick=${() => copy(edits, columns)}>${text("copy")}</button>
      <button onClick=${discard}>${text("discard")}</button>
    </div>
  </section>`;
}

/** @param {{ edit: Edit, columns: readonly string[] }} props */
const Row = ({ edit, columns }) =>
  html`<tr>
    <th scope="row">${edit.reject.load} · ${edit.reject.line} ${edit.dropped && text("drop")}</th>
    ${columns.map(
      (column) =>
        html`<td key=${column}>
          ${column in edit.cells ? html`<ins>${edit.cells[column]}</ins>` : edit.reject.cells?.[column]}
        </td>`,
    )}
  </tr>`;

/** A sentence for each thing that happened to a load's rows. @param {readonly Edit[]} edits */
function reasonsOf(edits) {
  /** @type {Map<string, Edit[]>} */
  const alike = new Map();
  for (const edit of edits) {
    const key = `${edit.reject.load} ${edit.happened.what} ${edit.happened.by}`;
    alike.set(key, [...(alike.get(key) ?? []), edit]);
  }
  return [...alike.values()].map((some) => {
    const { reject, happened } = /** @type {Edit} */ (some[0]);
    const load = String(reject.load);
    const numbers = some.map((edit) => edit.reject.line).join(", ");
    const lines = text("lines", { n: some.length, load, lines: numbers });
    return text(happened.what, { n: some.length, load, by: happened.by, lines });
  });
}

/** As a sheet copies its cells, with the columns' names above. @param {readonly Edit[]} edits @param {readonly string[]} columns */
function copy(edits, columns) {
  const rows = edits.map(({ reject, cells }) => columns.map((column) => cells[column] ?? reject.cells?.[column] ?? ""));
  const taken = (/** @type {ClipboardEvent} */ event) => {
    event.preventDefault();
    event.stopPropagation();
    event.clipboardData?.setData("text/plain", tsvOf([columns, ...rows]));
  };
  addEventListener("copy", taken, { once: true, capture: true });
  document.execCommand("copy"); // over plain HTTP, too, where there is no navigator.clipboard
  removeEventListener("copy", taken, { capture: true });
  note(text("copied"));
}
