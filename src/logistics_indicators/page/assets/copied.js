/** Marked cells of a table as text: told apart by tabs, a row on a line, as a spreadsheet and a message take them. */

export const tellCellsApart = () => addEventListener("copy", onCopy);

/** @param {ClipboardEvent} event */
function onCopy(event) {
  const marked = getSelection();
  if (event.defaultPrevented || !event.clipboardData || !marked?.rangeCount || marked.isCollapsed) return;
  const range = marked.getRangeAt(0);
  const { commonAncestorContainer: within } = range;
  const table = (within instanceof Element ? within : within.parentElement)?.closest("table");
  if (!table) return;
  const copy = document.createElement("table");
  copy.append(range.cloneContents());
  for (const unseen of copy.querySelectorAll("[aria-hidden=true], .visually-hidden")) unseen.remove();
  if (copy.querySelectorAll("td, th").length < 2) return;
  const rows = copy.querySelector("tr") ? [...copy.querySelectorAll("tr")] : [copy];
  event.clipboardData.setData("text/plain", rows.map(lineOf).join("\n"));
  event.clipboardData.setData("text/html", copy.outerHTML);
  event.preventDefault();
}

/** @param {Element} row */
const lineOf = (row) =>
  [...row.querySelectorAll("td, th")].map((cell) => (cell.textContent ?? "").replace(/\s+/g, " ").trim()).join("\t");
