/** Rejected rows as a sheet: one cell has the focus, arrows move it, and what was typed stands until it is sent. */

import { html, useLayoutEffect, useRef, useState } from "../../html.js";
import { note } from "../../parts/notes.js";
import { printing } from "../../printing.js";
import { useStore } from "../../store.js";
import { textsOf } from "../../texts.js";
import { reasonOf } from "../loads/words.js";
import { blockOf, copied, hasMore, keyOf, pasted, shown, withDrop, withoutMore, written } from "./edits.js";

/** @typedef {import("./edits.js").Reject} Reject */
/** @typedef {import("./edits.js").Edits} Edits */
/** @typedef {import("./edits.js").Place} Place */

const text = textsOf({
  pt: {
    sheet: "Linhas rejeitadas",
    line: "Linha",
    load: "Carga",
    fault: "Falha",
    drop: "Descartar",
    keep: "Manter",
    take_away: "Tirar",
    take_away_of: "Tirar {value}",
    wrong: "{value} (errado: {reason})",
    missing: "(falta)",
    edited: "{value} (editado)",
    act: "Ação",
    beyond: {
      one: "{n} valor colado ficou fora da planilha e não foi usado.",
      other: "{n} valores colados ficaram fora da planilha e não foram usados.",
    },
  },
  en: {
    sheet: "Rejected rows",
    line: "Line",
    load: "Load",
    fault: "Fault",
    drop: "Drop",
    keep: "Keep",
    take_away: "Take away",
    take_away_of: "Take {value} away",
    wrong: "{value} (wrong: {reason})",
    missing: "(missing)",
    edited: "{value} (edited)",
    act: "Action",
    beyond: {
      one: "{n} pasted value lay beyond the sheet and was not used.",
      other: "{n} pasted values lay beyond the sheet and were not used.",
    },
  },
});

const ROW_HEIGHT = 37;
const BEYOND = 12;
/** @type {Record<string, [number, number]>} */
const MOVES = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  PageUp: [-10, 0],
  PageDown: [10, 0],
};

/** @param {{ rejects: readonly Reject[], columns: readonly string[], edits: Edits, setEdits: (edits: Edits) => void, mayEdit: boolean }} props */
export function Sheet({ rejects, columns, edits, setEdits, mayEdit }) {
  const frame = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [at, setAt] = useState(/** @type {Place} */ ({ row: 0, column: 0 }));
  const [from, setFrom] = useState(/** @type {Place | null} */ (null));
  const block = blockOf(from ?? at, at);
  const [typing, setTyping] = useState(/** @type {string | null} */ (null));
  const [top, setTop] = useState(0);
  const moved = useRef(false);
  const dragging = useRef(false);
  const before = useRef({ rejects, columns, edits, at });
  if (before.current.rejects !== rejects) follow();
  before.current = { rejects, columns, edits, at };
  useLayoutEffect(() => keepTyped, []); // as the sheet goes: an effect is undone only after its field is gone

  /** What is being typed stays, as an edit of the row that it was typed into. */
  function keepTyped() {
    const input = frame.current?.querySelector(".typing input");
    const { at, rejects, columns, edits } = before.current;
    const [reject, column] = [rejects[at.row], columns[at.column]];
    if (input instanceof HTMLInputElement && reject && column !== undefined)
      setEdits(written(edits, reject, column, input.value));
  }

  /** Other rows came: the cell in which somebody is stays the same one, wherever its row is now. */
  function follow() {
    const { at, rejects: those, columns: old } = before.current;
    const [mine, column] = [those[at.row], columns.indexOf(old[at.column] ?? "")];
    const row = mine ? rejects.findIndex((each) => keyOf(each) === keyOf(mine)) : -1;
    if (row === at.row && column === at.column) return;
    setFrom(null);
    if (row < 0) {
      keepTyped();
      setTyping(null);
    }
    moved.current = row >= 0 && typing === null && (frame.current?.contains(document.activeElement) ?? false);
    setAt({ row: row < 0 ? Math.min(at.row, rejects.length - 1) : row, column: Math.max(0, column) });
  }

  const height = frame.current?.clientHeight ?? 600;
  const whole = useStore(printing);
  const first = whole ? 0 : Math.max(0, Math.min(Math.floor(top / ROW_HEIGHT) - BEYOND, rejects.length - 1));
  const most = whole ? rejects.length : Math.ceil(height / ROW_HEIGHT) + 2 * BEYOND;
  const last = Math.min(rejects.length, first + most);

  useLayoutEffect(() => {
    // Before the next key, which would be lost on a cell that is gone.
    if (!moved.current) return;
    moved.current = false;
    const cell = frame.current?.querySelector(`[data-place="${at.row}:${at.column}"]`);
    if (cell instanceof HTMLElement) cell.focus({ preventScroll: false });
  });

  /** @param {Place} to @param {boolean} [reaching] the block grows or shrinks to there */
  function move(to, reaching = false) {
    const row = Math.max(0, Math.min(to.row, rejects.length - 1));
    const column = Math.max(0, Math.min(to.column, columns.length - 1));
    moved.current = true;
    setTyping(null);
    setFrom(reaching ? (from ?? at) : null);
    setAt({ row, column });
    const box = frame.current;
    if (!box) return;
    const [above, below] = [row * ROW_HEIGHT, (row + 3) * ROW_HEIGHT];
    if (above < box.scrollTop) box.scrollTop = above;
    else if (below > box.scrollTop + box.clientHeight) box.scrollTop = below - box.clientHeight;
    setTop(box.scrollTop);
  }

  /** The cell that has the focus is the one that keys act on, whoever gave it: a search in the page, a screen reader. @param {Place} place */
  function enter(place) {
    setFrom(null);
    setAt(place);
  }

  /** @param {string} value */
  function write(value) {
    const reject = rejects[at.row];
    const column = columns[at.column];
    if (reject && column !== undefined) setEdits(written(edits, reject, column, value));
  }

  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (typing !== null) return typed(event);
    const step = MOVES[event.key];
    if (step) {
      event.preventDefault();
      return move({ row: at.row + step[0], column: at.column + step[1] }, event.shiftKey);
    }
    if (event.key === "Home" || event.key === "End") {
      event.preventDefault();
      const row = event.ctrlKey ? (event.key === "Home" ? 0 : rejects.length - 1) : at.row;
      return move({ row, column: event.key === "Home" ? 0 : columns.length - 1 }, event.shiftKey);
    }
    if (event.key === "Escape") return setFrom(null);
    if (!mayEdit) return;
    const reject = rejects[at.row];
    if (!reject) return;
    if (event.key === "Delete") {
      event.preventDefault();
      const dropped = !edits.get(keyOf(reject))?.dropped;
      setEdits(rejects.slice(block.top, block.bottom + 1).reduce((next, each) => withDrop(next, each, dropped), edits));
    } else if (event.key === "Enter" || event.key === "F2") {
      event.preventDefault();
      setTyping(shown(edits, reject, columns[at.column] ?? ""));
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      setTyping(event.key);
    }
  }

  /** @param {KeyboardEvent} event */
  function typed(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      return move(at);
    }
    if (event.key !== "Enter" && event.key !== "Tab") return;
    event.preventDefault();
    write(/** @type {HTMLInputElement} */ (event.target).value);
    move(event.key === "Enter" ? { ...at, row: at.row + 1 } : { ...at, column: at.column + (event.shiftKey ? -1 : 1) });
  }

  /** @param {ClipboardEvent} event */
  function paste(event) {
    if (typing !== null || !mayEdit) return;
    event.preventDefault();
    const given = event.clipboardData?.getData("text/plain") ?? "";
    const { edits: next, beyond } = pasted(edits, rejects, columns, block, given);
    setEdits(next);
    if (beyond) note(text("beyond", { n: beyond }), "bad"); // it stays until it is read
  }

  /** @param {ClipboardEvent} event */
  function copy(event) {
    if (typing !== null) return;
    event.preventDefault();
    event.clipboardData?.setData("text/plain", copied(edits, rejects, columns, block));
  }

  /** @param {Reject} reject @param {number} row */
  function drawn(reject, row) {
    const edit = edits.get(keyOf(reject));
    return html`<tr key=${keyOf(reject)} aria-rowindex=${row + 2} class=${edit?.dropped ? "dropped" : ""}>
      <th scope="row" class="number">${reject.load} · ${reject.line}</th>
      <td class="bad">
        <div class="fault">
          <span title=${faultOf(reject)}>${faultOf(reject)}</span>
          ${mayEdit && hasMore(reject) && !edit && drawnMore(reject)}
        </div>
      </td>
      ${columns.map((column, place) => drawnCell(reject, row, column, place))}
      <td>
        ${mayEdit &&
        html`<button class="slim" onClick=${() => setEdits(withDrop(edits, reject, !edit?.dropped))}>
          ${text(edit?.dropped ? "keep" : "drop")}
        </button>`}
      </td>
    </tr>`;
  }

  /** Of what no column of the sheet shows, and goes with any edit of its row. @param {Reject} reject */
  function drawnMore(reject) {
    return html`<button
      class="slim"
      aria-label=${text("take_away_of", { value: reject.value ?? "" })}
      onClick=${() => setEdits(withoutMore(edits, reject))}
    >
      ${text("take_away")}
    </button>`;
  }

  /** @param {Reject} reject @param {number} row @param {string} column @param {number} place */
  function drawnCell(reject, row, column, place) {
    const here = at.row === row && at.column === place;
    const edited = edits.get(keyOf(reject))?.cells[column] !== undefined;
    const value = shown(edits, reject, column);
    const wrong = reject.column === column && !edited;
    const missing = reject.cells?.[column] === null && !edited;
    const label = wrong
      ? text("wrong", { value, reason: reasonOf(reject.reason) })
      : edited
        ? text("edited", { value })
        : null;
    if (here && typing !== null) {
      return html`<td key=${column} class="cell typing">
        <input
          class="plain"
          defaultValue=${typing.replace(/[\r\n]+/g, " ") /* as the service reads them; the field would drop them */}
          aria-label=${column}
          data-place=${`${row}:${place}`}
          onKeyDown=${typed}
          onBlur=${leave}
          ref=${toEnd}
        />
      </td>`;
    }
    return html`<td
      key=${column}
      class="cell ${wrong ? "wrong" : ""} ${edited ? "edited" : ""}"
      aria-selected=${from && isIn(block, row, place) ? "true" : "false"}
      data-place=${`${row}:${place}`}
      tabindex=${here ? 0 : -1}
      onFocus=${() => here || enter({ row, column: place })}
      aria-label=${label}
      title=${value}
      onMouseDown=${(/** @type {MouseEvent} */ event) => press(event, { row, column: place })}
      onMouseEnter=${() => dragging.current && move({ row, column: place }, true)}
      onDblClick=${() => mayEdit && (setAt({ row, column: place }), setTyping(value))}
    >
      ${missing ? html`<span class="quiet">${text("missing")}</span>` : value}
    </td>`;
  }

  /** @param {MouseEvent} event @param {Place} place */
  function press(event, place) {
    if (event.button !== 0) return;
    event.preventDefault(); // the mouse marks cells and not their text
    const input = frame.current?.querySelector(".typing input");
    if (input instanceof HTMLInputElement) write(input.value);
    dragging.current = true;
    addEventListener("mouseup", () => (dragging.current = false), { once: true });
    move(place, event.shiftKey);
  }

  /** What was typed stays when the cell is left by a click elsewhere; it goes on behind a dialog. @param {FocusEvent} event */
  function leave(event) {
    if (typing === null || moved.current) return;
    if (event.relatedTarget instanceof Element && event.relatedTarget.closest("dialog")) return;
    write(/** @type {HTMLInputElement} */ (event.target).value);
    setTyping(null);
  }

  return html`<div
    class="table sheet"
    ref=${frame}
    onScroll=${(/** @type {Event} */ event) => setTop(/** @type {HTMLElement} */ (event.currentTarget).scrollTop)}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.target instanceof HTMLTableCellElement && pressed(event)}
    onPaste=${paste}
    onCopy=${copy}
  >
    <table role="grid" aria-label=${text("sheet")} aria-multiselectable="true" aria-rowcount=${rejects.length + 1}>
      <thead>
        <tr>
          <th scope="col" class="number">${text("load")} · ${text("line")}</th>
          <th scope="col">${text("fault")}</th>
          ${columns.map((column) => html`<th scope="col" key=${column}>${column}</th>`)}
          <th scope="col"><span class="visually-hidden">${text("act")}</span></th>
        </tr>
      </thead>
      <tbody>
        <${Space} height=${first * ROW_HEIGHT} />
        ${rejects.slice(first, last).map((reject, place) => drawn(reject, first + place))}
        <${Space} height=${(rejects.length - last) * ROW_HEIGHT} />
      </tbody>
    </table>
  </div>`;
}

/** With the cells that no column shows. @param {Reject} reject */
const faultOf = (reject) => reasonOf(reject.reason) + (hasMore(reject) ? `: ${reject.value ?? ""}` : "");

/** The rows that are out of sight. @param {{ height: number }} props */
const Space = ({ height }) =>
  height > 0
    ? html`<tr aria-hidden="true">
        <td style=${{ height: `${height}px` }} colspan="99"></td>
      </tr>`
    : null;

/** @param {import("./edits.js").Block} block @param {number} row @param {number} column */
const isIn = ({ top, bottom, left, right }, row, column) =>
  top <= row && row <= bottom && left <= column && column <= right;

/** @param {HTMLInputElement | null} input */
function toEnd(input) {
  if (!input || input === document.activeElement) return;
  input.focus();
  input.setSelectionRange(input.value.length, input.value.length);
}
