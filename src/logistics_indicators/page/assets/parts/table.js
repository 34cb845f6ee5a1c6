/** A real table of many rows: sorted by a click on a heading, filtered by typing, drawn as far as it is seen. */

import { language } from "../choices.js";
import { html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../html.js";
import { printing } from "../printing.js";
import { OWN_WILL, takePlaceIn } from "../scroll.js";
import { useStore } from "../store.js";
import { common, textsOf } from "../texts.js";

/**
 * @template R
 * @typedef {{
 *   name: string,
 *   title: string,
 *   of: (row: R) => string | number | null | undefined,
 *   show?: (row: R) => import("../html.js").Children,
 *   number?: boolean,
 *   sorts?: boolean,
 * }} Column
 * of: what rows are sorted by, and, where it is no number, what typing finds. show: what is drawn, unless it is `of`
 */
/** @typedef {{ name: string, desc: boolean }} Sort */
/**
 * @template R
 * @typedef {{
 *   caption: string,
 *   columns: readonly Column<R>[],
 *   rows: readonly R[],
 *   keyOf: (row: R) => string | number,
 *   sort?: Sort | null,
 *   onSort?: (sort: Sort) => void,
 *   filters?: boolean,
 *   tools?: import("../html.js").Children,
 *   subject?: string,
 * }} TableProps
 * onSort: whoever gives it sorts the rows; `sortRows` helps. filters: with a field to type into. tools: beside that field.
 * subject: what is asked for; rows of another begin at the top
 */

const text = textsOf({
  pt: {
    found: { one: "{n} linha", other: "{n} linhas" },
    of: "{n} de {all} linhas",
    filter: "Filtrar a tabela",
    typed: "Filtro: {typed}",
  },
  en: {
    found: { one: "{n} row", other: "{n} rows" },
    of: "{n} of {all} rows",
    filter: "Filter the table",
    typed: "Filter: {typed}",
  },
});

const ROW_PX = 36;
/** Rows are drawn in steps, so that a small scroll draws nothing. */
const STEP = 16;

/** @template R @param {TableProps<R>} props */
export function Table({ caption, columns, rows, keyOf, sort, onSort, filters = false, tools, subject = "" }) {
  const [own, setOwn] = useState(/** @type {Sort | null} */ (null));
  const [typed, setTyped] = useState("");
  const order = onSort ? (sort ?? null) : (own ?? sort ?? null);
  const folded = useMemo(() => (filters ? rows.map((row) => foldedOf(row, columns)) : []), [rows, filters]);
  const seen = useMemo(() => {
    const wanted = fold(typed.trim());
    const found = wanted ? rows.filter((_, place) => folded[place]?.includes(wanted)) : rows;
    return onSort || !order ? found : sortRows(found, columns, order);
  }, [rows, folded, typed, onSort ? null : `${order?.name} ${order?.desc}`]);
  return html`
    ${(filters || tools) &&
    html`<div class="row spread">
      ${filters &&
      html`<div class="row">
        <input
          type="search"
          aria-label=${text("filter")}
          placeholder=${common("filter")}
          value=${typed}
          onInput=${(/** @type {Event} */ event) => setTyped(/** @type {HTMLInputElement} */ (event.target).value)}
        />
        <span class="quiet small" role="status">
          ${typed ? text("of", { n: seen.length, all: rows.length }) : text("found", { n: rows.length })}
        </span>
        ${typed && html`<p class="on-paper">${text("typed", { typed })}</p>`}
      </div>`}
      ${tools && html`<div class="row">${tools}</div>`}
    </div>`}
    <${Scrolled}
      caption=${caption}
      columns=${columns}
      rows=${seen}
      keyOf=${keyOf}
      sort=${order}
      onSort=${onSort ?? setOwn}
      subject=${subject}
    />
  `;
}

/**
 * @template R
 * @param {{ caption: string, columns: readonly Column<R>[], rows: readonly R[], keyOf: (row: R) => string | number, sort: Sort | null, onSort: (sort: Sort) => void, subject: string }} props
 */
function Scrolled({ caption, columns, rows, keyOf, sort, onSort, subject }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [top, bottom] = useWindow(box, rows.length);
  const [first, last] = useStore(printing) ? [0, rows.length] : [top, bottom];
  const widest = useMemo(() => columns.map((column) => widestOf(rows, column)), [rows, columns.length]);
  const height = useRowHeight(box, rows.length > 0);
  usePlace(box, caption, subject);
  return html`<div class="table" role="group" aria-label=${caption} tabindex="0" ref=${box}>
    <table aria-rowcount=${rows.length + 1}>
      <caption class="visually-hidden">
        ${caption}
      </caption>
      <thead>
        <tr aria-rowindex="1">
          ${columns.map(
            (column) => html`<${Heading} key=${column.name} column=${column} sort=${sort} onSort=${onSort} />`,
          )}
        </tr>
      </thead>
      <tbody>
        <tr class="widest" aria-hidden="true">
          ${columns.map((column, place) => {
            const row = widest[place];
            return html`<td class=${column.number ? "number" : ""}>${row === undefined ? "" : shown(row, column)}</td>`;
          })}
        </tr>
        ${first > 0 && html`<${Gap} key="above" columns=${columns.length} height=${first * height} />`}
        ${rows.slice(first, last).map(
          (row, place) => html`
            <tr key=${keyOf(row)} aria-rowindex=${first + place + 2}>
              ${columns.map(
                (column) =>
                  html`<td key=${column.name} class=${column.number ? "number" : ""}>${shown(row, column)}</td>`,
              )}
            </tr>
          `,
        )}
        ${last < rows.length &&
        html`<${Gap} key="below" columns=${columns.length} height=${(rows.length - last) * height} />`}
      </tbody>
    </table>
  </div>`;
}

/** @template R @param {{ column: Column<R>, sort: Sort | null, onSort: (sort: Sort) => void }} props */
function Heading({ column: { name, title, number = false, sorts = true }, sort, onSort }) {
  const mine = sort?.name === name ? sort : null;
  const direction = mine && (mine.desc ? "descending" : "ascending");
  const next = () => onSort({ name, desc: mine ? !mine.desc : number });
  return html`<th scope="col" class=${number ? "number" : ""} aria-sort=${direction}>
    ${sorts
      ? html`<button class="plain" type="button" onClick=${next}>
          ${title}<span aria-hidden="true" class="direction">${mine ? (mine.desc ? "▼" : "▲") : ""}</span>
        </button>`
      : title}
  </th>`;
}

/** The place of rows that are not drawn. @param {{ columns: number, height: number }} props */
const Gap = ({ columns, height }) =>
  html`<tr aria-hidden="true">
    <td colspan=${columns} style=${{ height: `${height}px` }}></td>
  </tr>`;

/**
 * Which rows are drawn: those that are seen and some around them. A cell that had the focus and goes gives it to the
 * table, so that the keyboard stays where it is.
 *
 * @param {{ current: HTMLElement | null }} box
 * @param {number} count
 * @returns {[number, number]} the first, and the first that is not
 */
function useWindow(box, count) {
  const [place, setPlace] = useState({ step: 0, steps: 3 });
  const focused = useRef(false);
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    const look = () => {
      const height = rowHeight(area);
      const step = Math.floor(area.scrollTop / height / STEP);
      const steps = Math.ceil(area.clientHeight / height / STEP) + 1;
      focused.current = area !== document.activeElement && area.contains(document.activeElement);
      setPlace((before) => (before.step === step && before.steps === steps ? before : { step, steps }));
    };
    const sizes = new ResizeObserver(look);
    sizes.observe(area);
    area.addEventListener("scroll", look, { passive: true });
    return () => {
      sizes.disconnect();
      area.removeEventListener("scroll", look);
    };
  }, []);
  useLayoutEffect(() => {
    if (focused.current && document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  }, [place]);
  const step = Math.min(place.step, Math.floor(Math.max(0, count - 1) / STEP));
  return [Math.max(0, step - 1) * STEP, Math.min(count, (step + place.steps + 1) * STEP)];
}

/**
 * The rows begin at the top, and on the way back where they were left, once there are as many, unless the reader scrolls
 * before.
 *
 * @param {{ current: HTMLElement | null }} box
 * @param {string} name
 * @param {string} subject
 */
function usePlace(box, name, subject) {
  const wanted = useRef(/** @type {number | null} */ (null));
  useLayoutEffect(() => void (wanted.current = takePlaceIn(name)), [subject]);
  useLayoutEffect(() => {
    const { current: area } = box;
    if (!area || wanted.current === null) return;
    area.scrollTop = wanted.current;
    if (Math.abs(area.scrollTop - wanted.current) < 1) wanted.current = null;
  });
  useEffect(() => {
    const { current: area } = box;
    const letGo = () => void (wanted.current = null);
    for (const act of OWN_WILL) area?.addEventListener(act, letGo, { passive: true });
    return () => {
      for (const act of OWN_WILL) area?.removeEventListener(act, letGo);
    };
  }, []);
}

/** @param {{ current: HTMLElement | null }} box @param {boolean} some */
function useRowHeight(box, some) {
  const [height, setHeight] = useState(ROW_PX);
  useLayoutEffect(() => {
    if (box.current) setHeight(rowHeight(box.current));
  }, [some]);
  return height;
}

/** @param {HTMLElement} area */
function rowHeight(area) {
  const row = area.querySelector("tbody tr[aria-rowindex]");
  return row?.getBoundingClientRect().height || ROW_PX;
}

/** @template R @param {R} row @param {Column<R>} column */
const shown = (row, column) => (column.show ? column.show(row) : column.of(row));

/** Its cell keeps the column as wide as any row needs it, drawn or not. @template R @param {readonly R[]} rows @param {Column<R>} column */
function widestOf(rows, column) {
  let [widest, most] = [rows[0], 0];
  for (const row of rows) {
    const length = String(column.of(row) ?? "").length;
    if (length > most) [widest, most] = [row, length];
  }
  return widest;
}

/**
 * By a column; what is nothing comes last, whichever way. Rows that are alike stay as they were.
 *
 * @template R
 * @param {readonly R[]} rows
 * @param {readonly Column<R>[]} columns
 * @param {Sort} sort
 */
export function sortRows(rows, columns, { name, desc }) {
  const column = columns.find((each) => each.name === name);
  if (!column) return rows;
  const { compare } = new Intl.Collator(language.get(), { numeric: true });
  const sign = desc ? -1 : 1;
  return [...rows].sort((one, other) => {
    const [a, b] = [column.of(one) ?? null, column.of(other) ?? null];
    if (a === null || b === null) return Number(a === null) - Number(b === null);
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : compare(String(a), String(b)));
  });
}

/** Without accents and capitals. @param {string} words */
export const fold = (words) => words.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

/** @template R @param {R} row @param {readonly Column<R>[]} columns */
function foldedOf(row, columns) {
  const words = columns.filter(({ number }) => !number).map((column) => column.of(row) ?? "");
  return fold(words.join(" "));
}
