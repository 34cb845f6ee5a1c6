/** Mending: what was rejected, by fault; cells are written anew in place, and only those rows are sent again. */

import { useData } from "../../data.js";
import { html, useEffect, useMemo, useRef, useState } from "../../html.js";
import { IN_ORDER, isKind, USUAL, wordOf } from "../../kinds.js";
import { movedLoads } from "../../live.js";
import { Action, useKeptFocus } from "../../parts/focus.js";
import { note } from "../../parts/notes.js";
import { Problems, wordsOf } from "../../parts/problems.js";
import { valueOf } from "../../parts/typed.js";
import { change } from "../../route.js";
import { may } from "../../session.js";
import { useStore } from "../../store.js";
import { textsOf } from "../../texts.js";
import { reasonOf } from "../loads/words.js";
import { requestsOf } from "./edits.js";
import { Groups } from "./groups.js";
import { mend, sent } from "./sending.js";
import { Sheet } from "./sheet.js";
import { StrandedEdits, useSetApart } from "./stranded.js";
import { keeper, unsent } from "./unsent.js";

/** @typedef {import("./edits.js").Reject} Reject */
/** @typedef {import("./edits.js").Edits} Edits */
/** @typedef {{ rejects: Reject[], proxima_pagina?: string | null }} Page */

const text = textsOf({
  pt: {
    title: "Correções",
    none: "Nada a corrigir: nenhuma linha rejeitada está aberta aqui.",
    send: { one: "Enviar {n} linha", other: "Enviar {n} linhas" },
    unchanged: "Nada a enviar",
    throw_away: "Desfazer as edições",
    sent: { one: "{n} linha enviada.", other: "{n} linhas enviadas." },
    dropped: { one: "{n} linha descartada.", other: "{n} linhas descartadas." },
    kind: "Arquivo de",
    shown: { one: "{n} linha", other: "{n} linhas" },
    help: "Setas movem, Enter edita e confirma, Esc desiste, Del descarta a linha. Shift ou o mouse marcam um bloco, que Ctrl+C copia; Ctrl+V cola um bloco, ou um valor em todo o bloco.",
    help_look: "Setas movem. Shift ou o mouse marcam um bloco, que Ctrl+C copia.",
    all: "Todas as cargas",
    of: "Carga {id}",
    more: "Há mais linhas: corrija estas ou escolha um grupo.",
    still: {
      one: "{n} linha continua rejeitada, com o novo motivo.",
      other: "{n} linhas continuam rejeitadas, com o novo motivo.",
    },
    taken: { one: "Carga {id}: {n} linha aceita.", other: "Carga {id}: {n} linhas aceitas." },
  },
  en: {
    title: "Mending",
    none: "Nothing to mend: no rejected row is open here.",
    send: { one: "Send {n} row", other: "Send {n} rows" },
    unchanged: "Nothing to send",
    throw_away: "Undo the edits",
    sent: { one: "{n} row sent.", other: "{n} rows sent." },
    dropped: { one: "{n} row dropped.", other: "{n} rows dropped." },
    kind: "File of",
    shown: { one: "{n} row", other: "{n} rows" },
    help: "Arrows move, Enter edits and confirms, Esc gives up, Del drops the row. Shift or the mouse mark a block, which Ctrl+C copies; Ctrl+V pastes a block, or one value into all of the block.",
    help_look: "Arrows move. Shift or the mouse mark a block, which Ctrl+C copies.",
    all: "All loads",
    of: "Load {id}",
    more: "There are more rows: mend these or choose a group.",
    still: {
      one: "{n} row is rejected still, with its new reason.",
      other: "{n} rows are rejected still, with their new reason.",
    },
    taken: { one: "Load {id}: {n} row taken.", other: "Load {id}: {n} rows taken." },
  },
});

const KINDS = [USUAL, ...IN_ORDER.filter((kind) => kind !== USUAL)];
const MOST = 1_000;
const NARROWS = ["load", "reason", "column", "value"];

/** @param {{ params: URLSearchParams }} props */
export function Mending({ params }) {
  const news = useStore(movedLoads);
  const load = params.get("load");
  const own = Object.fromEntries(NARROWS.map((name) => [name, params.get(name)]));
  const counted = useData(load ? `v1/loads/${encodeURIComponent(load)}` : null, {}, { until: news });
  const kind = kindOf(params, counted.data);
  const edits = useStore(unsent);
  const page = useRejects({ ...own, kind }, news);
  const faults = useRef(/** @type {HTMLElement | null} */ (null));
  const rows = useRef(/** @type {HTMLElement | null} */ (null));
  useKeptFocus(rows);
  useMended(page.again);
  useSetApart(edits, page.rejects);
  return html`
    <h1>${text("title")}</h1>
    <div class="stack" tabindex="-1" ref=${faults}>
      <${Kinds} kind=${kind} load=${load} />
      <p class="on-paper">${narrowedWords(kind, params)}</p>
      <${Groups} filter=${{ load, kind }} params=${params} until=${news} box=${faults} />
    </div>
    <div class="stack" tabindex="-1" ref=${rows}>
      <${StrandedEdits} />
      <${Problems} problem=${page.problem} again=${page.again} />
      ${page.rejects && page.rejects.length === 0 && html`<p class="card">${text("none")}</p>`}
      ${page.rejects &&
      page.rejects.length > 0 &&
      html`<${Mend} rejects=${page.rejects} more=${page.more} edits=${edits} again=${page.again} />`}
    </div>
  `;
}

/** What the rows are, in words. @param {import("../../kinds.js").Kind} kind @param {URLSearchParams} params */
function narrowedWords(kind, params) {
  const reason = params.get("reason");
  const words = [wordOf(kind), reason && reasonOf(reason), params.get("column"), params.get("value")];
  return words.filter(Boolean).join(" · ");
}

/** @param {URLSearchParams} params @param {unknown} load */
function kindOf(params, load) {
  const own = load && typeof load === "object" && "kind" in load ? load.kind : params.get("kind");
  return isKind(own) ? own : USUAL;
}

/**
 * The open rejects; an answer that says the same as before changes nothing on the screen.
 *
 * @param {Record<string, string | null>} filter
 * @param {unknown} until
 */
function useRejects(filter, until) {
  /** @type {import("../../data.js").Answered<Page>} */
  const { data, problem, again } = useData("v1/rejects", { ...filter, limit: MOST, cells: "true" }, { until });
  const same = useRef({ text: "", rejects: /** @type {Reject[] | null} */ (null) });
  const now = JSON.stringify(data?.rejects ?? null);
  if (now !== same.current.text) same.current = { text: now, rejects: data?.rejects ?? null };
  return { rejects: same.current.rejects, more: Boolean(data?.proxima_pagina), problem, again };
}

/** @param {{ kind: string, load: string | null }} props */
function Kinds({ kind, load }) {
  if (load) {
    return html`<p class="row">
      <strong>${text("of", { id: load })}</strong>
      <button onClick=${() => change({ load: null, reason: null, column: null, value: null })}>${text("all")}</button>
    </p>`;
  }
  const choose = (/** @type {Event} */ event) =>
    change({ kind: valueOf(event), reason: null, column: null, value: null });
  return html`<label class="field narrow">
    <span>${text("kind")}</span>
    <select value=${kind} onChange=${choose}>
      ${KINDS.map((each) => html`<option value=${each}>${wordOf(each)}</option>`)}
    </select>
  </label>`;
}

/** @param {{ rejects: readonly Reject[], more: boolean, edits: Edits, again: () => void }} props */
function Mend({ rejects, more, edits, again }) {
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const columns = useMemo(() => columnsOf(rejects), [rejects]);
  const keep = useMemo(keeper, []);

  async function send() {
    setBusy(true);
    setWrong("");
    try {
      for (const load of requestsOf(edits).keys()) await sendOf(load);
    } catch (problem) {
      setWrong(wordsOf(problem));
    }
    setBusy(false);
    again();
  }

  return html`
    <section class="stack" aria-label=${text("title")}>
      <div class="row spread">
        <p class="quiet" role="status">${text("shown", { n: rejects.length })}${more ? `. ${text("more")}` : ""}</p>
        ${may("analyst") &&
        html`<div class="row">
          <${Action} class="main" off=${busy || edits.size === 0} onClick=${send}>
            ${edits.size ? text("send", { n: edits.size }) : text("unchanged")}
          <//>
          <${Action} off=${busy || edits.size === 0} onClick=${() => unsent.set(new Map())}> ${text("throw_away")} <//>
        </div>`}
      </div>
      ${wrong && html`<p class="notice bad" role="alert">${wrong}</p>`}
      <${Sheet} rejects=${rejects} columns=${columns} edits=${edits} setEdits=${keep} mayEdit=${may("analyst")} />
      <p class="quiet small">${text(may("analyst") ? "help" : "help_look")}</p>
    </section>
  `;
}

/** Sends what was edited of a load. @param {number} load */
async function sendOf(load) {
  const done = await mend(load, () => ({ edits: allOf(load) }));
  if (done?.rows) note(text("sent", { n: done.rows }));
  if (done?.dropped) note(text("dropped", { n: done.dropped }));
}

/** @param {number} load @returns {Edits} */
const allOf = (load) => new Map([...unsent.get()].filter(([, { reject }]) => reject.load === load));

/** Says what became of the mends that were sent, as they end. @param {() => void} again */
function useMended(again) {
  const news = useStore(movedLoads);
  useEffect(() => {
    for (const load of news) {
      if (!sent.has(load.id) || load.status === "received" || load.status === "loading") continue;
      sent.delete(load.id);
      const taken = load.rows_inserted + load.rows_updated + load.rows_unchanged;
      if (taken) note(text("taken", { id: String(load.id), n: taken }));
      if (load.rows_rejected) note(text("still", { n: load.rows_rejected }), "fair");
      again();
    }
  }, [news]);
}

/** Our columns of all the rows, in the order of the files. @param {readonly Reject[]} rejects */
function columnsOf(rejects) {
  /** @type {Set<string>} */
  const names = new Set();
  for (const reject of rejects) for (const name of Object.keys(reject.cells ?? {})) names.add(name);
  return [...names];
}
