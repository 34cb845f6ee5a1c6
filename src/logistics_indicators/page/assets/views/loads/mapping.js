/** A file that was refused for its columns or its kind: a person says which column is which, and it is sent again. */

import { html, useEffect, useState } from "../../html.js";
import { valueOf } from "../../parts/scope_bar.js";
import { mendOf } from "../../parts/service_words.js";
import { textsOf } from "../../texts.js";
import { wordOf } from "./kind.js";
import { add, drop } from "./sending.js";
import { columnName } from "./words.js";

/** @typedef {import("./sending.js").Item} Item */
/** @typedef {import("./sending.js").Kind} Kind */

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

/** Of each kind the columns that a file has; of customers the last may be absent. */
export const OURS = /** @type {const} */ ({
  customers: ["id", "nome", "email", "telefone"],
  services: ["id", "id_cliente", "angel", "polo", "data_limite", "data_de_atendimento"],
});
const MAY_BE_ABSENT = new Set(["telefone"]);

/** How a workbook, a zip, a gzip, and Parquet begin; and what no text has. */
const NO_TEXT = /^(?:PK\u0003\u0004|\u001f\u2039|\u001f\ufffd|PAR1)|\0/;
const HEAD_BYTES = 64 * 1024;
/** A header is not far from the beginning. */
const HEAD_LINES = 20;

/** @param {{ item: Item }} props */
export function Mapping({ item }) {
  const { trouble, file } = item;
  if (!file || !trouble) return null;
  const told = mendOf(trouble.message);
  if (told?.mend === "kind") return html`<${OtherKind} item=${item} file=${file} />`;
  return told && html`<${Columns} item=${item} file=${file} read=${told.read} />`;
}

/** @param {Item} item @param {File} file @param {Kind} kind @param {string} [columns] */
function sendAgain(item, file, kind, columns) {
  void drop(item);
  add(file, kind, { ...item.options, columns });
}

/** @param {{ item: Item, file: File }} props */
function OtherKind({ item, file }) {
  const other = item.kind === "customers" ? "services" : "customers";
  return html`<p>
    <button class="main" onClick=${() => sendAgain(item, file, other)}>
      ${text("send_as", { kind: wordOf(other).toLowerCase() })}
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
      const likeliest = kindOf(columns, item.kind);
      setTheirs(columns);
      setKind(likeliest);
      setMeant(guessed(columns, likeliest));
    });
  }, [file]);
  if (theirs.length < 2) return null; // nothing that a person could point at
  const given = new Set(Object.values(meant));
  const lacks = OURS[kind].filter((name) => !given.has(name) && !MAY_BE_ABSENT.has(name));
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
        ${
          /** @type {const} */ (["customers", "services"]).map(
            (each) => html`<option key=${each} value=${each}>${wordOf(each)}</option>`,
          )
        }
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
              ${OURS[kind].map((name) => html`<option key=${name} value=${name}>${name}</option>`)}
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

/** Words by which a person may have called a column; each takes the first that is free. */
const HINTS = /** @type {const} */ ({
  id_cliente: /client|customer/i,
  id: /^id|^c[oó]d|atendimento$/i,
  nome: /nome|name|raz[aã]o/i,
  email: /mail/i,
  telefone: /fone|cel|phone|whats/i,
  angel: /angel|t[eé]cnic|agente|quem|respons/i,
  polo: /polo|hub|base|onde|unidade/i,
  data_limite: /prazo|limite|venc|deadline|due/i,
  data_de_atendimento: /atend|realiz|feit|conclu|done/i,
});

/** What a person would likely say; it stands in the form, to be changed. @param {readonly string[]} theirs @param {Kind} kind */
function guessed(theirs, kind) {
  /** @type {Record<string, string>} */
  const meant = {};
  const ours = Object.entries(HINTS).filter(([name]) => OURS[kind].some((each) => each === name));
  for (const [name, hint] of ours) {
    const free = theirs.filter((column) => !meant[column]);
    const found = free.find((column) => column.toLowerCase() === name) ?? free.find((column) => hint.test(column));
    if (found) meant[found] = name;
  }
  return meant;
}

/** The kind that more of the columns are of; the one that the file was sent as, where that is not clear. @param {readonly string[]} theirs @param {Kind} kind */
function kindOf(theirs, kind) {
  const other = kind === "customers" ? "services" : "customers";
  const share = (/** @type {Kind} */ each) => Object.keys(guessed(theirs, each)).length / OURS[each].length;
  return share(other) > share(kind) ? other : kind;
}

/**
 * The names of a file's columns. Of a text those of the first of its first lines that has most of them; a workbook and
 * what is packed only the service can read. A name with a comma or twice in the header cannot be said to the service.
 *
 * @param {File} file
 * @param {readonly string[]} read
 */
async function headOf(file, read) {
  const text = decoded(await file.slice(0, HEAD_BYTES).arrayBuffer());
  return sayable(NO_TEXT.test(text) ? read : widestOf(text));
}

/** @param {readonly string[]} names */
const sayable = (names) => names.filter((name, at) => name && !name.includes(",") && names.indexOf(name) === at);

/** @param {string} text */
function widestOf(text) {
  const lines = text.split(/\r\n|\r|\n/, HEAD_LINES);
  const readings = [";", ",", "\t"].flatMap((delimiter) => lines.map((line) => cellsOf(line, delimiter)));
  return readings.reduce((best, cells) => (cells.length > best.length ? cells : best), /** @type {string[]} */ ([]));
}

/** @param {ArrayBuffer} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** @param {string} line @param {string} delimiter */
const cellsOf = (line, delimiter) =>
  (line.match(new RegExp(`("(?:[^"]|"")*"|[^${delimiter}]*)(?:${delimiter}|$)`, "g")) ?? [])
    .map((cell) =>
      cell
        .replace(new RegExp(`${delimiter}$`), "")
        .trim()
        .replace(/^"(.*)"$/s, "$1")
        .replaceAll('""', '"')
        .trim(),
    )
    .slice(0, line.split(delimiter).length);
