/** Cells as text between this sheet and a spreadsheet: tabs between them, quotes as a spreadsheet writes them. Pure. */

/** What ends each cell is the last part; a quote that no such end follows is a sign like any other. */
const CELL = /(?:"([^"]*(?:""[^"]*)*)"|([^\t\r\n]*))(\t|\r\n?|\n)/gy;

/** What a spreadsheet would run, as in exports/csv_text.py; or what stands here behind our apostrophe. */
const FORMULA = /^'* *[=+\-@\t\r＝＋－＠]/;

/** @param {string} value */
const inert = (value) => (FORMULA.test(value) ? `'${value}` : value);

/** The other way round: no other apostrophe is taken off. @param {string} text */
const meant = (text) => (text.startsWith("'") && FORMULA.test(text) ? text.slice(1) : text);

/** @param {string} text */
const quoted = (text) => (/[\t\r\n"]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** @param {readonly (readonly string[])[]} lines */
export function tsvOf(lines) {
  const text = lines.map((cells) => cells.map((value) => quoted(inert(value))).join("\t")).join("\n");
  return text === "" || text.endsWith("\n") ? `${text}\n` : text; // a last line that is empty is a line only if it ends
}

/** Of no text no line. @param {string} text @returns {string[][]} */
export function linesOf(text) {
  if (text === "") return [];
  /** @type {string[][]} */
  const lines = [];
  let isNew = true;
  for (const [, inQuotes, plain = "", end] of (/[\r\n]$/.test(text) ? text : `${text}\n`).matchAll(CELL)) {
    if (isNew) lines.push([]);
    lines.at(-1)?.push(meant(inQuotes?.replaceAll('""', '"') ?? plain));
    isNew = end !== "\t";
  }
  return lines;
}
