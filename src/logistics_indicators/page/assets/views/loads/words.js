/** The words of loads: states, reasons, columns. */

import { textsOf } from "../../texts.js";

export const reasons = textsOf({
  pt: {
    missing_column: "Falta uma coluna",
    extra_column: "Coluna a mais",
    invalid_id: "Identificador inválido",
    empty_field: "Campo vazio",
    too_long: "Texto longo demais",
    invalid_email: "E-mail inválido",
    invalid_date: "Data inválida",
    unknown_customer: "Cliente desconhecido",
    duplicate_id: "Identificador repetido",
    duplicate_email: "E-mail repetido",
    encoding: "Codificação",
    control_character: "Caractere de controle",
  },
  en: {
    missing_column: "Missing column",
    extra_column: "Extra column",
    invalid_id: "Invalid id",
    empty_field: "Empty field",
    too_long: "Text too long",
    invalid_email: "Invalid e-mail",
    invalid_date: "Invalid date",
    unknown_customer: "Unknown customer",
    duplicate_id: "Duplicate id",
    duplicate_email: "Duplicate e-mail",
    encoding: "Encoding",
    control_character: "Control character",
  },
});

/** @param {string} reason */
export const reasonOf = (reason) => reasons(/** @type {"encoding"} */ (reason));

export const states = textsOf({
  pt: {
    received: "Na fila",
    loading: "Carregando",
    completed: "Concluída",
    completed_rejects: "Concluída com rejeitos",
    failed: "Falhou",
    undone: "Desfeita",
    checked: "Só conferida",
    discarded: "Prévia descartada",
    waiting: "Espera {kinds}",
    elsewhere: "Outra aba o envia",
    sending: "Enviando",
    paused: "Sem contato; continua sozinho",
    checking: "Conferindo",
    refused: "Recusado",
  },
  en: {
    received: "Queued",
    loading: "Loading",
    completed: "Completed",
    completed_rejects: "Completed with rejects",
    failed: "Failed",
    undone: "Undone",
    checked: "Checked only",
    discarded: "Discarded trial",
    waiting: "Waits for {kinds}",
    elsewhere: "Another tab sends it",
    sending: "Sending",
    paused: "No contact; goes on by itself",
    checking: "Checking",
    refused: "Refused",
  },
});

/** @typedef {import("./sending.js").Load} Load */

/** A trial that was thrown away is no load that was undone: it never stored a row. @param {Load} load */
export const isDiscarded = (load) => load.validate_only && load.status === "undone";

/** The state of a load in a word, and its tone. @param {Load} load @returns {[string, "good" | "fair" | "bad" | "quiet"]} */
export function stateOf(load) {
  if (isDiscarded(load)) return [states("discarded"), "quiet"];
  if (load.validate_only && load.status === "completed") return [states("checked"), "quiet"];
  if (load.validate_only && load.status === "loading") return [states("checking"), "fair"];
  const tone = /** @type {const} */ ({ completed: "good", failed: "bad", undone: "quiet" });
  const own = load.status in tone ? tone[/** @type {"failed"} */ (load.status)] : "fair";
  if (load.status === "completed" && load.rows_rejected) return [states("completed_rejects"), "fair"];
  return [states(load.status), own];
}

const columns = textsOf({ pt: { column: "coluna {number}" }, en: { column: "column {number}" } });

/** A column's name in the file; the service calls one without a name by its number. @param {string} name */
export function columnName(name) {
  const number = /^column (\d+)$/.exec(name)?.[1];
  return number ? columns("column", { number }) : name;
}
