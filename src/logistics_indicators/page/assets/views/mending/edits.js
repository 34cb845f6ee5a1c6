/** What a person changed in rejected rows and has not sent yet, by load and line. Pure: no page, no service. */

import { linesOf, tsvOf } from "./tsv.js";

/** @typedef {import("api").components["schemas"]["TrackedReject"]} Reject */
/** @typedef {Readonly<Record<string, string>>} Cells our columns */
/** @typedef {{ reject: Reject, cells: Cells, dropped: boolean }} Edit reject: the row as it was edited, which may go */
/** @typedef {ReadonlyMap<string, Edit>} Edits */

/** @param {Edits} edits @param {Reject} reject @returns {Edit} */
const editOf = (edits, reject) => edits.get(keyOf(reject)) ?? { reject, cells: {}, dropped: false };

/** @param {{ load: number, line: number }} reject */
export const keyOf = ({ load, line }) => `${load}:${line}`;

/** @param {Edits} edits @param {Reject} reject @param {string} column */
export function shown(edits, reject, column) {
  return edits.get(keyOf(reject))?.cells[column] ?? reject.cells?.[column] ?? "";
}

/**
 * With a cell written anew; as it was sent, it is no edit any more.
 *
 * @param {Edits} edits @param {Reject} reject @param {string} column @param {string} value
 * @returns {Edits}
 */
export function written(edits, reject, column, value) {
  const before = editOf(edits, reject);
  const cells = { ...before.cells, [column]: value };
  if (value === (reject.cells?.[column] ?? null) && !hasMore(reject)) delete cells[column];
  return kept(edits, reject, { ...before, cells });
}

/** Whether the row has more cells than the file has columns. @param {Reject} reject */
export const hasMore = ({ reason }) => reason === "extra_column";

/** Without the cells that no column has: all the others are sent, as they are. @param {Edits} edits @param {Reject} reject @returns {Edits} */
export function withoutMore(edits, reject) {
  const before = editOf(edits, reject);
  return kept(edits, reject, { ...before, cells: wholeOf(reject, before.cells) });
}

/** The service takes the cells that are too many away where all the others are named. @param {Reject} reject @param {Cells} cells */
const wholeOf = (reject, cells) => ({
  ...Object.fromEntries(Object.entries(reject.cells ?? {}).map(([column, value]) => [column, value ?? ""])),
  ...cells,
});

/** @param {Edits} edits @param {Reject} reject @param {boolean} dropped @returns {Edits} */
export function withDrop(edits, reject, dropped) {
  return kept(edits, reject, { ...editOf(edits, reject), dropped });
}

/** @param {Edits} edits @param {Reject} reject @param {Edit} edit @returns {Edits} */
function kept(edits, reject, edit) {
  const next = new Map(edits);
  if (edit.dropped || Object.keys(edit.cells).length) next.set(keyOf(reject), { ...edit, reject });
  else next.delete(keyOf(reject));
  return next;
}

/** @typedef {{ row: number, column: number }} Place */
/** @typedef {{ top: number, bottom: number, left: number, right: number }} Block the last row and column included */

/** Between two of its corners. @param {Place} one @param {Place} other @returns {Block} */
export const blockOf = (one, other) => ({
  top: Math.min(one.row, other.row),
  bottom: Math.max(one.row, other.row),
  left: Math.min(one.column, other.column),
  right: Math.max(one.column, other.column),
});

/**
 * A block of cells, as a spreadsheet takes it.
 *
 * @param {Edits} edits @param {readonly Reject[]} rejects @param {readonly string[]} columns @param {Block} block
 */
export function copied(edits, rejects, columns, { top, bottom, left, right }) {
  const lines = rejects.slice(top, bottom + 1);
  return tsvOf(lines.map((reject) => columns.slice(left, right + 1).map((column) => shown(edits, reject, column))));
}

/**
 * A block of cells, as a spreadsheet copies it, from the first cell of a block on; a single cell into all of the block.
 *
 * @param {Edits} edits @param {readonly Reject[]} rejects @param {readonly string[]} columns
 * @param {Block} block @param {string} text
 * @returns {{ edits: Edits, beyond: number }} beyond: values for which the sheet has no cell
 */
export function pasted(edits, rejects, columns, block, text) {
  const cells = linesOf(text);
  const one = cells.length === 1 && cells[0]?.length === 1 ? cells[0][0] : undefined;
  if (one !== undefined) return { edits: filled(edits, rejects, columns, block, one), beyond: 0 };
  let [next, beyond] = [edits, 0];
  cells.forEach((line, down) =>
    line.forEach((value, across) => {
      const [reject, column] = [rejects[block.top + down], columns[block.left + across]];
      if (reject && column !== undefined) next = written(next, reject, column, value);
      else if (value) beyond += 1;
    }),
  );
  return { edits: next, beyond };
}

/**
 * @param {Edits} edits @param {readonly Reject[]} rejects @param {readonly string[]} columns @param {Block} block
 * @param {string} value
 */
function filled(edits, rejects, columns, { top, bottom, left, right }, value) {
  let next = edits;
  for (const reject of rejects.slice(top, bottom + 1))
    for (const column of columns.slice(left, right + 1)) next = written(next, reject, column, value);
  return next;
}

/** @typedef {{ reason: string, column: string | null, value: string | null }} Group */

/** Those of a load's rows in a group. @param {Edits} edits @param {number} load @param {Group} group @returns {Edits} */
export function ofGroup(edits, load, { reason, column, value }) {
  const isIn = (/** @type {Reject} */ reject) =>
    reject.load === load &&
    reject.reason === reason &&
    (column === null || reject.column === column) &&
    (value === null || reject.value === value);
  return new Map([...edits].filter(([, { reject }]) => isIn(reject)));
}

/** With one more cell where nothing was written in it, and the row is not dropped. @param {Edits} edits @param {Cells} cells @returns {Edits} */
export const filledIn = (edits, cells) =>
  new Map([...edits].map(([key, edit]) => [key, { ...edit, cells: { ...cells, ...edit.cells } }]));

/** @typedef {{ edits: Record<string, Cells>, drops: number[] }} Request */

/** The requests that send the edits, one a load. @param {Edits} edits @returns {Map<number, Request>} */
export function requestsOf(edits) {
  /** @type {Map<number, Request>} */
  const requests = new Map();
  for (const { reject, cells, dropped } of edits.values()) {
    const { load, line } = reject;
    const request = requests.get(load) ?? { edits: {}, drops: [] };
    if (dropped) request.drops.push(line);
    else request.edits[String(line)] = hasMore(reject) ? wholeOf(reject, cells) : cells;
    requests.set(load, request);
  }
  return requests;
}
