/** What is seen, as a file: asked for with the session's token, and saved under the name that the service gives it. */

import { send } from "../api.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { common, textsOf } from "../texts.js";
import { closedFromOutside } from "./menu.js";
import { note } from "./notes.js";
import { wordsOf } from "./problems.js";

const text = textsOf({
  pt: {
    csv: "CSV",
    excel: "CSV para Excel",
    xlsx: "Excel (xlsx)",
    parquet: "Parquet",
    png: "Imagem (png)",
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

/**
 * @param {{ what: string, path: string, query: import("../route.js").Params, png?: () => Promise<Blob> }} props
 * what: the heading of what is exported. png: a picture of the chart
 */
export function ExportMenu({ what, path, query, png }) {
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
      note(wordsOf(problem), "bad");
    } finally {
      setBusy(false);
    }
  }
  const forms = /** @type {(keyof typeof FORMS)[]} */ (Object.keys(FORMS));
  return html`<details class="menu" ref=${menu}>
    <summary aria-label=${text("of", { what })}>${busy ? text("making") : common("exports")}</summary>
    <div>
      ${forms.map(
        (form) =>
          html`<button
            key=${form}
            disabled=${busy}
            onClick=${() => take(() => fetched(path, { ...query, ...FORMS[form] }))}
          >
            ${text(form)}
          </button>`,
      )}
      ${png &&
      html`<button
        disabled=${busy}
        onClick=${() => take(async () => ({ name: `${fileName(what)}.png`, blob: await png() }))}
      >
        ${text("png")}
      </button>`}
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
