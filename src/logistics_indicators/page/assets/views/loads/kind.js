/** What a file seems to be, by its first lines or its name; a person can say otherwise. */

import { common } from "../../texts.js";

/** @typedef {import("./sending.js").Kind} Kind */

const HEAD_BYTES = 4_096;
const OF_VISITS = /atendimento|angel|polo|prazo|limite|servi[cç]|visit|service/i;
const OF_CUSTOMERS = /e-?mail|telefone|nome|client|customer/i;
const DATE = /\d{1,2} ?\/ ?\d{1,2} ?\/ ?\d{2,4}|\d{4}-\d\d-\d\d/;

/** @param {File} file @returns {Promise<Kind>} */
export async function kindOf(file) {
  const head = /\.(csv|txt|tsv|json|ndjson)$/i.test(file.name) ? await file.slice(0, HEAD_BYTES).text() : "";
  const [first = "", second = ""] = head.split(/\r\n|\r|\n/);
  if (DATE.test(first) || DATE.test(second)) return "services";
  if (first.includes("@") || second.includes("@")) return "customers";
  if (OF_VISITS.test(first) && /angel|polo|prazo|limite/i.test(first)) return "services";
  if (/e-?mail|telefone/i.test(first)) return "customers";
  if (OF_VISITS.test(file.name)) return "services";
  return OF_CUSTOMERS.test(file.name) ? "customers" : "services";
}

/** @param {Kind} kind */
export const wordOf = (kind) => common(kind);
