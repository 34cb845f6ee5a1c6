/** A file that was refused for its columns or its kind: a person says which column is which, and it is sent again. */

import { html, useEffect, useState } from "../../html.js";
import { IN_ORDER, isKind, KINDS, wordOf, wordWithin } from "../../kinds.js";
import { valueOf } from "../../parts/typed.js";
import { mendOf } from "../../parts/service_words.js";
import { textsOf } from "../../texts.js";
import { linesOf, widestOf } from "./head.js";
import { guessed, likeliest } from "./kind.js";
import { add, drop } from "./sending.js";
import { columnName } from "./words.js";

/** @typedef {import("./sending.js").Item} Item */
/** @typedef {import("../../kinds.js").Kind} Kind */

const text = textsOf({
  pt: {
    title: "O que é cada coluna do arquivo?",
    kind: "O arquivo é de",
    unused: "não usar",
    send: "Enviar com estas colunas",
    send_as: "Enviar como {kind}",
    lacks: "Ainda falta: {names}",
  },
  en: {
    title: "Which column is which?",
    kind: "The file is of",
    unused: "do not use",
    send: "Send with these columns",
    send_as: "Send as {kind}",
    lacks: "Still missing: {names}",
  },
});

/** @param {{ item: Item }} props */
export function Mapping({ item }) {
  const { trouble, file } = item;
  if (!file || !trouble) return null;
  const told = mendOf(trouble.message);
  if (told?.mend === "kind")
    return isKind(told.kind) && html`<${OtherKind} item=${item} file=${file} kind=${told.kind} />`;
  return told && html`<${Columns} item=${item} file=${file} read=${told.read} />`;
}

/** @param {Item} item @param {File} file @param {Kind} kind @param {string} [columns] */
function sendAgain(item, file, kind, columns) {
  void drop(item);
  add([[file, kind]], { ...item.options, columns }, item);
}

/** @param {{ item: Item, file: File, kind: Kind }} props kind: the one that the service took it for */
function OtherKind({ item, file, kind }) {
  return html`<p>
    <button class="main" onClick=${() => sendAgain(item, file, kind)}>
      ${text("send_as", { kind: wordWithin(kind) })}
    </button>
  </p>`;
}

/** @param {{ item: Item, file: File, read: readonly string[] }} props read: the columns that the service found */
function Columns({ item, file, read }) {
  const [theirs, setTheirs] = useState(/** @type {readonly string[]} */ ([]));
  const [kind, setKind] = useState(item.kind);
  const [meant, setMeant] = useState(/** @type {Record<string, string>} */ ({}));
  useEffect(() => {
    headOf(file, read).then((columns) => {
      const its = likeliest(columns, item.kind);
      setTheirs(columns);
      setKind(its);
      setMeant(guessed(columns, its));
    });
  }, [file]);
  if (theirs.length < 2) return null; // nothing that a person could point at
  const given = new Set(Object.values(meant));
  const ours = KINDS[kind].columns;
  const lacks = ours.filter(({ name, absent }) => !given.has(name) && !absent).map(({ name }) => name);
  /** @param {string} column @param {string} name */
  function mean(column, name) {
    const others = Object.entries(meant).filter(([each, its]) => each !== column && its !== name);
    setMeant({ ...Object.fromEntries(others), ...(name ? { [column]: name } : {}) });
  }
  /** @param {Event} event */
  function submit(event) {
    event.preventDefault();
    sendAgain(
      item,
      file,
      kind,
      Object.entries(meant)
        .map(([column, name]) => `${name}:${column}`)
        .join(","),
    );
  }
  return html`<form class="stack" onSubmit=${submit}>
    <h4>${text("title")}</h4>
    <label class="field narrow">
      <span>${text("kind")}</span>
      <select
        name="kind"
        value=${kind}
        onChange=${(/** @type {Event} */ event) => {
          const chosen = /** @type {Kind} */ (valueOf(event));
          setKind(chosen);
          setMeant(guessed(theirs, chosen));
        }}
      >
        ${IN_ORDER.map((each) => html`<option key=${each} value=${each}>${wordOf(each)}</option>`)}
      </select>
    </label>
    <div class="grid">
      ${theirs.map(
        (column) =>
          html`<label class="field" key=${column}>
            <span>${columnName(column)}</span>
            <select
              value=${meant[column] ?? ""}
              onChange=${(/** @type {Event} */ event) => mean(column, valueOf(event))}
            >
              <option value="">${text("unused")}</option>
              ${ours.map(({ name }) => html`<option key=${name} value=${name}>${name}</option>`)}
            </select>
          </label>`,
      )}
    </div>
    <p class="row">
      <button class="main" disabled=${lacks.length > 0}>${text("send")}</button>
      <span class="quiet small" role="status">${lacks.length > 0 && text("lacks", { names: lacks.join(", ") })}</span>
    </p>
  </form>`;
}

/**
 * The names of a file's columns. Of a text those of the first of its first lines that has most of them; a workbook and
 * what is packed only the service can read. A name with a comma or twice in the header cannot be said to the service.
 *
 * @param {File} file
 * @param {readonly string[]} read
 */
async function headOf(file, read) {
  const lines = await linesOf(file);
  return sayable(lines ? widestOf(lines) : read);
}

/** @param {readonly string[]} names */
const sayable = (names) => names.filter((name, at) => name && !name.includes(",") && names.indexOf(name) === at);
