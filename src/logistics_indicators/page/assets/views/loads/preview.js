/** A file before anything of it is stored: its first rows under the names that its columns were taken for. */

import { useData } from "../../data.js";
import { html } from "../../html.js";
import { Listing } from "../../parts/listing.js";
import { Loading } from "../../parts/loading.js";
import { textsOf } from "../../texts.js";
import { EffectOf, Reasons } from "./report.js";
import { columnName } from "./words.js";

/** @typedef {import("./sending.js").Load} Load */
/** @typedef {{ columns: string[], rows: string[][], meant: Record<string, string> }} Head */

const text = textsOf({
  pt: {
    title: "Conferência: nada foi gravado ainda",
    first: "Primeiras linhas",
    read_as: "Codificação {encoding}, separador {delimiter}",
    tab: "tabulação",
    ignored: "Colunas ignoradas: {names}",
    unused: "não usada",
    form_xlsx: "Planilha do Excel",
    form_json: "JSON",
    form_ndjson: "NDJSON",
    form_parquet: "Parquet",
    ambiguous: {
      one: "{n} data tem dia e mês que poderiam ser trocados: o dia vem primeiro.",
      other: "{n} datas têm dia e mês que poderiam ser trocados: o dia vem primeiro.",
    },
  },
  en: {
    title: "Check: nothing is stored yet",
    first: "First rows",
    read_as: "Encoding {encoding}, separator {delimiter}",
    tab: "tab",
    ignored: "Columns passed over: {names}",
    unused: "not used",
    form_xlsx: "Excel workbook",
    form_json: "JSON",
    form_ndjson: "NDJSON",
    form_parquet: "Parquet",
    ambiguous: {
      one: "{n} date has a day and a month that could be swapped: the day comes first.",
      other: "{n} dates have a day and a month that could be swapped: the day comes first.",
    },
  },
});

/** @param {{ load: Load, agreed: boolean }} props agreed: the load takes its file over, which is not to be seen any more */
export function Preview({ load, agreed }) {
  const delimiter = load.delimiter === "\t" ? text("tab") : load.delimiter;
  return html`
    <div class="stack">
      <h4>${text("title")}</h4>
      <p class="quiet small">
        ${load.format === "csv" ? text("read_as", { encoding: load.encoding, delimiter }) : text(`form_${load.format}`)}
        ${load.ignored.length > 0 && html`. ${text("ignored", { names: load.ignored.map(columnName).join(", ") })}`}
      </p>
      <${Head} load=${load} agreed=${agreed} />
      <${Dates} load=${load} />
      <${Reasons} load=${load} />
      ${load.effect && html`<${EffectOf} effect=${load.effect} />`}
    </div>
  `;
}

/** @param {{ load: Load, agreed: boolean }} props */
function Head({ load, agreed }) {
  /** @type {import("../../data.js").Answered<Head>} */
  const { data } = useData(agreed ? null : `v1/loads/${load.id}/preview`, { rows: 8 }, { until: load.status });
  if (!data) return html`<${Loading} />`;
  const ours = new Map(Object.entries(data.meant).map(([name, column]) => [column, name]));
  /** @param {string} column */
  const meaning = (column) =>
    html`${ours.get(column) ?? html`<span class="quiet">${text("unused")}</span>`}
    ${ours.get(column) !== column && load.header && html`<span class="quiet small"> ← ${columnName(column)}</span>`}`;
  return html`<${Listing}
    name=${text("first")}
    captioned
    titles=${data.columns.map((column) => ({ title: meaning(column) }))}
  >
    ${data.rows.map(
      (row, line) =>
        html`<tr key=${line}>
          ${row.map((cell, place) => html`<td key=${place}>${cell}</td>`)}
        </tr>`,
    )}
  <//>`;
}

/** @param {{ load: Load }} props */
function Dates({ load }) {
  const ambiguous = Object.values(load.dates).reduce((sum, spellings) => sum + (spellings.ambiguous ?? 0), 0);
  return ambiguous > 0 ? html`<p class="quiet small">${text("ambiguous", { n: ambiguous })}</p>` : null;
}
