/** One load, whole: what it found, what it did, and for an admin the way to take it back. */

import { call } from "../../api.js";
import { useData } from "../../data.js";
import { bytes, instantOf, percent } from "../../format.js";
import { html, useRef, useState } from "../../html.js";
import { KINDS, theWords, wordOf } from "../../kinds.js";
import { movedLoads } from "../../live.js";
import { Action, useKeptFocus, useModal } from "../../parts/focus.js";
import { Loading } from "../../parts/loading.js";
import { note } from "../../parts/notes.js";
import { Problems, wordsOf } from "../../parts/problems.js";
import { translated } from "../../parts/service_words.js";
import { linkTo } from "../../route.js";
import { may } from "../../session.js";
import { useStore } from "../../store.js";
import { common, textsOf } from "../../texts.js";
import { useOpenRejects } from "./open_rejects.js";
import { Counts, EffectOf, Reasons } from "./report.js";
import { columnName, stateOf } from "./words.js";

/** @typedef {import("./sending.js").Load} Load */

const text = textsOf({
  pt: {
    title: "Carga {id}",
    all: "Todas as cargas",
    about: "{who}, {when}",
    rows: "Ver {them} desta carga",
    mend: { one: "Corrigir {n} linha", other: "Corrigir {n} linhas" },
    look: { one: "Ver {n} linha rejeitada", other: "Ver {n} linhas rejeitadas" },
    undo: "Desfazer a carga",
    sure: "Desfazer a carga {id}?",
    undoing:
      "O que ela inseriu sai; o que ela atualizou volta ao valor anterior; os indicadores acompanham. Só dá se ninguém mudou essas linhas depois.",
    undone: "Carga {id} desfeita.",
    columns: "Colunas: {names}",
    took: "{n} linhas por segundo",
  },
  en: {
    title: "Load {id}",
    all: "All loads",
    about: "{who}, {when}",
    rows: "See {them} of this load",
    mend: { one: "Mend {n} row", other: "Mend {n} rows" },
    look: { one: "See {n} rejected row", other: "See {n} rejected rows" },
    undo: "Undo the load",
    sure: "Undo load {id}?",
    undoing:
      "What it inserted goes; what it updated gets its earlier values back; the figures follow. Only if nobody changed those rows later.",
    undone: "Load {id} undone.",
    columns: "Columns: {names}",
    took: "{n} rows per second",
  },
});

/** @param {{ id: string }} props */
export function OneLoad({ id }) {
  const news = useStore(movedLoads);
  const moved = news.find((load) => String(load.id) === id);
  /** @type {import("../../data.js").Answered<Load>} */
  const { data, problem, again } = useData(`v1/loads/${encodeURIComponent(id)}`, {}, { until: moved });
  return html`
    <p><a href=${linkTo("loads")}>← ${text("all")}</a></p>
    <h1>${text("title", { id })}</h1>
    <${Problems} problem=${problem} again=${again} />
    ${data ? html`<${Whole} load=${data} again=${again} />` : !problem && html`<${Loading} />`}
  `;
}

/** @param {{ load: Load, again: () => void }} props */
function Whole({ load, again }) {
  const card = useRef(/** @type {HTMLElement | null} */ (null));
  useKeptFocus(card);
  const { shownIn } = KINDS[load.kind];
  const [state, tone] = stateOf(load);
  const mapped = Object.entries(load.columns).map(([ours, theirs]) =>
    ours === theirs ? ours : `${ours} ← ${columnName(theirs)}`,
  );
  return html`
    <section class="card stack" tabindex="-1" ref=${card}>
      <div class="row spread">
        <h2>${load.filename ?? wordOf(load.kind)}</h2>
        <span class="tag ${tone}">${state}</span>
      </div>
      <p class="quiet">
        ${wordOf(load.kind)}, ${bytes(load.bytes)}, ${load.encoding}.${" "}
        ${text("about", { who: load.user ?? "–", when: instantOf(load.received_at) })}
        ${load.rows_per_second && load.status !== "undone" ? `. ${text("took", { n: load.rows_per_second })}` : ""}
      </p>
      ${load.status === "loading" &&
      html`<progress max="1" value=${load.progress} aria-label=${percent(100 * load.progress, 0)}></progress>`}
      <${Counts} load=${load} />
      ${load.error && html`<p class="notice bad" role="alert">${translated(load.error)}</p>`}
      ${load.warnings.map((words) => html`<p class="notice fair">${translated(words)}</p>`)}
      ${mapped.length > 0 && html`<p class="quiet small">${text("columns", { names: mapped.join(", ") })}</p>`}
      <div class="row">
        <${Open} load=${load} />
        ${shownIn &&
        load.rows_inserted > 0 &&
        load.status !== "undone" &&
        !load.validate_only &&
        html`<a class="button" href=${linkTo(shownIn, { load_id: load.id })}
          >${text("rows", { them: theWords([load.kind]) })}</a
        >`}
        ${may("admin") &&
        load.status === "completed" &&
        !load.validate_only &&
        html`<${Undo} load=${load} again=${again} />`}
      </div>
    </section>
    <div class="grid wide">
      ${load.rejects.length > 0 && html`<${Reasons} load=${load} />`}
      ${load.effect && html`<div class="stack"><${EffectOf} effect=${load.effect} /></div>`}
    </div>
  `;
}

/** The way to those of its rejects that are open still. @param {{ load: Load }} props */
function Open({ load }) {
  const rows = useOpenRejects(load);
  if (rows === 0) return null;
  const words = text(may("analyst") ? "mend" : "look", { n: rows });
  return html`<a class="button main" href=${linkTo("mending", { load: load.id })}>${words}</a>`;
}

/** @param {{ load: Load, again: () => void }} props */
function Undo({ load, again }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  useModal(dialog, asked);
  const close = () => (setAsked(false), setWrong(""));
  async function undo() {
    setBusy(true);
    try {
      await call("DELETE", `v1/loads/${load.id}`);
      note(text("undone", { id: String(load.id) }));
      dialog.current?.close(); // which gives the focus back
      again();
    } catch (problem) {
      setWrong(wordsOf(problem));
    }
    setBusy(false);
  }
  const rows = load.rows_inserted + load.rows_updated;
  return html`
    <button class="danger" onClick=${() => setAsked(true)}>${text("undo")}</button>
    ${asked &&
    html`<dialog ref=${dialog} onClose=${close} aria-labelledby="undo">
      <div class="stack">
        <h2 id="undo">${text("sure", { id: String(load.id) })}</h2>
        <p>${common("rows", { n: rows })}. ${text("undoing")}</p>
        ${wrong && html`<p class="notice bad" role="alert">${wrong}</p>`}
        <div class="row">
          <${Action} class="danger" off=${busy} onClick=${undo}>${text("undo")}<//>
          <button autofocus onClick=${() => dialog.current?.close()}>${common("cancel")}</button>
        </div>
      </div>
    </dialog>`}
  `;
}
