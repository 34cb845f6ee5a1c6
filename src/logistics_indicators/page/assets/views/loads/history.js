/** Every load there was, the newest first, as they move. */

import { get } from "../../api.js";
import { useData } from "../../data.js";
import { bytes, instant, number, zoneName } from "../../format.js";
import { html, useEffect, useState } from "../../html.js";
import { wordOf } from "../../kinds.js";
import { movedLoads } from "../../live.js";
import { Listing } from "../../parts/listing.js";
import { More } from "../../parts/more.js";
import { Problems } from "../../parts/problems.js";
import { linkTo } from "../../route.js";
import { useStore } from "../../store.js";
import { common, textsOf } from "../../texts.js";
import { keepsRejects } from "./open_rejects.js";
import { isDiscarded, stateOf } from "./words.js";

/** @typedef {import("./sending.js").Load} Load */
/** @typedef {{ loads: Load[], proxima_pagina?: string | null }} Page */

const text = textsOf({
  pt: {
    title: "Histórico",
    id: "Carga",
    file: "Arquivo",
    kind: "Tipo",
    state: "Estado",
    who: "Quem",
    when: "Quando ({zone})",
    read: "Lidas",
    inserted: "Novas",
    rejected: "Rejeitadas",
    none: "Nenhuma carga ainda.",
    trials: "Mostrar também as prévias já carregadas ou descartadas",
    mends: "correção da carga {id}",
  },
  en: {
    title: "History",
    id: "Load",
    file: "File",
    kind: "Kind",
    state: "State",
    who: "Who",
    when: "When ({zone})",
    read: "Read",
    inserted: "New",
    rejected: "Rejected",
    none: "No load yet.",
    trials: "Show trials that were loaded or discarded, too",
    mends: "mends load {id}",
  },
});

/** @type {readonly { name: "id" | "file" | "state" | "read" | "inserted" | "rejected" | "who" | "when", number?: boolean }[]} */
const COLUMNS = [
  { name: "id" },
  { name: "file" },
  { name: "state" },
  { name: "read", number: true },
  { name: "inserted", number: true },
  { name: "rejected", number: true },
  { name: "who" },
  { name: "when" },
];

/** Where hardly any load of a page is shown, the next one is asked for, unless that many were looked through. */
const FEW = 10;
const ENOUGH = 200;

/** The newest of each load among pages and news. @param {readonly Load[]} older @param {readonly Load[]} newer */
function merged(older, newer) {
  const byId = new Map(older.map((load) => [load.id, load]));
  for (const load of newer) byId.set(load.id, load);
  return [...byId.values()].sort((one, other) => other.id - one.id);
}

/** Without the trials that are over: thrown away, or loaded since, under a number of their own. @param {readonly Load[]} loads */
function withoutTrials(loads) {
  const confirmed = new Set(loads.map(({ confirms }) => confirms));
  return loads.filter((load) => !isDiscarded(load) && !(load.validate_only && confirmed.has(load.id)));
}

export function History() {
  /** @type {import("../../data.js").Answered<Page>} */
  const { data, problem, again } = useData("v1/loads", { limit: 30 });
  const [loads, setLoads] = useState(/** @type {readonly Load[]} */ ([]));
  const [next, setNext] = useState(/** @type {string | null} */ (null));
  const [whole, setWhole] = useState(false);
  const news = useStore(movedLoads);
  const stored = withoutTrials(loads);
  const shown = whole ? loads : stored;
  useEffect(() => {
    if (!data) return;
    setLoads((before) => merged(before, data.loads));
    setNext((before) => before ?? data.proxima_pagina ?? null);
  }, [data]);
  useEffect(() => setLoads((before) => merged(before, news)), [news]);
  useEffect(() => {
    if (next && shown.length < FEW && loads.length < ENOUGH) more().catch(() => undefined); // then it is asked for by hand
  }, [next, shown.length]);
  async function more() {
    if (next === null) return;
    /** @type {Page} */
    const page = await get(next);
    setLoads((before) => merged(page.loads, before));
    setNext(page.proxima_pagina ?? "");
  }
  return html`
    <section class="stack">
      <h2>${text("title")}</h2>
      <${Problems} problem=${problem} again=${again} />
      ${data && !next && shown.length === 0 && html`<p class="quiet">${text("none")}</p>`}
      ${stored.length < loads.length &&
      html`<label class="choice">
        <input
          type="checkbox"
          checked=${whole}
          onChange=${(/** @type {Event} */ event) => setWhole(/** @type {HTMLInputElement} */ (event.target).checked)}
        />
        ${text("trials")}
      </label>`}
      ${shown.length > 0 && html`<${Rows} loads=${shown} />`}
      ${next && html`<${More} more=${more} n=${shown.length} />`}
    </section>
  `;
}

/** @param {{ loads: readonly Load[] }} props */
function Rows({ loads }) {
  return html`<${Listing}
    name=${text("title")}
    titles=${COLUMNS.map(({ name, number }) => ({ title: text(name, { zone: zoneName() }), number }))}
  >
    ${loads.map((load) => html`<${Row} key=${load.id} load=${load} />`)}
  <//>`;
}

/** @param {{ load: Load }} props */
function Row({ load }) {
  const [state, tone] = stateOf(load);
  return html`<tr>
    <th scope="row"><a href=${linkTo("loads", { load: load.id })}>${load.id}</a></th>
    <td>
      ${load.mends ? text("mends", { id: String(load.mends) }) : (load.filename ?? "–")}
      <span class="quiet small"> ${wordOf(load.kind)}, ${bytes(load.bytes)}</span>
    </td>
    <td><span class="tag ${tone}">${state}</span></td>
    <td class="number">${number(load.rows_read)}</td>
    <td class="number">${number(load.rows_inserted)}</td>
    <td class="number">
      ${keepsRejects(load)
        ? html`<a href=${linkTo("mending", { load: load.id })}>${number(load.rows_rejected)}</a>`
        : number(load.rows_rejected)}
    </td>
    <td>${load.user ?? "–"}</td>
    <td>${instant(load.received_at)}</td>
  </tr>`;
}
