/** The first lines of a file, as far as a browser can read them. */

/** How a workbook, a zip, a gzip, and Parquet begin; and what no text has. */
const NO_TEXT = /^(?:PK\u0003\u0004|\u001f\u2039|\u001f\ufffd|PAR1)|\0/;
const HEAD_BYTES = 64 * 1024;
/** A header is not far from the beginning. */
const HEAD_LINES = 20;
const DELIMITERS = [";", ",", "\t"];

/**
 * The cells of each, by the delimiter that makes most of it. A workbook and what is packed only the service can read:
 * null.
 *
 * @param {File} file
 */
export async function linesOf(file) {
  const text = decoded(await file.slice(0, HEAD_BYTES).arrayBuffer());
  if (NO_TEXT.test(text)) return null;
  const lines = text.split(/\r\n|\r|\n/, HEAD_LINES);
  return lines.map((line) => widestOf(DELIMITERS.map((delimiter) => cellsOf(line, delimiter))));
}

/** The first that has most cells. @param {readonly string[][]} lines */
export const widestOf = (lines) =>
  lines.reduce((best, cells) => (cells.length > best.length ? cells : best), /** @type {string[]} */ ([]));

/** @param {ArrayBuffer} bytes */
function decoded(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

/** @param {string} line @param {string} delimiter */
const cellsOf = (line, delimiter) =>
  (line.match(new RegExp(`("(?:[^"]|"")*"|[^${delimiter}]*)(?:${delimiter}|$)`, "g")) ?? [])
    .map((cell) =>
      cell
        .replace(new RegExp(`${delimiter}$`), "")
        .trim()
        .replace(/^"(.*)"$/s, "$1")
        .replaceAll('""', '"')
        .trim(),
    )
    .slice(0, line.split(delimiter).length);
