/** What is seen, as a file: asked for with the session's token, and saved under the name that the service gives it. */

import { send } from "../api.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { common, textsOf } from "../texts.js";
import { closedFromOutside } from "./menu.js";
import { note } from "./notes.js";
import { pictureOf } from "./picture.js";
import { wordsOf } from "./problems.js";

const text = textsOf({
  pt: {
    csv: "CSV",
    excel: "CSV para Excel",
    xlsx: "Excel (xlsx)",
    parquet: "Parquet",
    png: "Imagem (png)",
    no_chart: "Ainda não há gráfico para a imagem.",
    compared: "Período comparado, {words}",
    of: "Exportar: {what}",
    making: "Preparando…",
    saved: "Salvo: {name}",
  },
  en: {
    csv: "CSV",
    excel: "CSV for Excel",
    xlsx: "Excel (xlsx)",
    parquet: "Parquet",
    png: "Image (png)",
    no_chart: "There is no chart for the image yet.",
    compared: "Compared period, {words}",
    of: "Export: {what}",
    making: "Preparing…",
    saved: "Saved: {name}",
  },
});

const FORMS = /** @type {const} */ ({
  csv: { format: "csv" },
  excel: { format: "csv", safe: "excel" },
  xlsx: { format: "xlsx" },
  parquet: { format: "parquet" },
});
const FORM_NAMES = /** @type {(keyof typeof FORMS)[]} */ (Object.keys(FORMS));

/** @typedef {import("../route.js").Params} Params */

/**
 * @param {{ what: string, path: string, query: Params, picture?: string, compared?: { words: string, query: Params } | null }} props
 * what: the heading of what is exported. picture: of which visits a chart speaks, in words; without it there is none.
 * compared: the period beside it, whose figures are in files of their own
 */
export function ExportMenu({ what, path, query, picture, compared }) {
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const [busy, setBusy] = useState(false);
  useEffect(() => closedFromOutside(menu), []);
  /** @param {() => Promise<{ name: string, blob: Blob }>} make */
  async function take(make) {
    if (menu.current) menu.current.open = false;
    menu.current?.querySelector("summary")?.focus();
    setBusy(true);
    try {
      const { name, blob } = await make();
      save(name, blob);
      note(text("saved", { name }));
    } catch (problem) {
      note(wordsOf(problem), problem instanceof Error ? "bad" : "fair");
    } finally {
      setBusy(false);
    }
  }
  /** @param {Params} asked @param {string} [of] */
  const files = (asked, of) =>
    FORM_NAMES.map(
      (form) =>
        html`<button
          key=${form}
          disabled=${busy}
          aria-label=${of && `${text(form)}: ${of}`}
          onClick=${() => take(() => fetched(path, { ...asked, ...FORMS[form] }))}
        >
          ${text(form)}
        </button>`,
    );
  async function drawn() {
    const panel = menu.current?.closest("section");
    const blob = panel ? await pictureOf(panel, what, picture ?? "") : null;
    if (!blob) throw text("no_chart");
    return { name: `${fileName(what)}.png`, blob };
  }
  return html`<details class="menu" ref=${menu}>
    <summary aria-label=${text("of", { what })}>${busy ? text("making") : common("exports")}</summary>
    <div>
      ${files(query)}
      ${picture !== undefined && html`<button disabled=${busy} onClick=${() => take(drawn)}>${text("png")}</button>`}
      ${compared &&
      html`<p class="small quiet">${text("compared", { words: compared.words })}</p>
        ${files(compared.query, compared.words)}`}
    </div>
  </details>`;
}

/** @param {string} path @param {import("../route.js").Params} query */
async function fetched(path, query) {
  const answer = await send("GET", path, { query, headers: { Accept: "*/*" } });
  const said = answer.headers.get("Content-Disposition") ?? "";
  return { name: /filename="([^"]+)"/.exec(said)?.[1] ?? fileName(path), blob: await answer.blob() };
}

/** @param {string} words */
const fileName = (words) => words.replace(/[^\p{L}\p{N}]+/gu, "_").toLowerCase();

/** @param {string} name @param {Blob} blob */
function save(name, blob) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // a browser may still be reading it
}
