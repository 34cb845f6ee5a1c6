/**
 * What the page knows of each kind of file, here and nowhere else; a test holds it to the service's own declaration. A
 * kind of the API that is missing here fails the check of types.
 */

import { language } from "./choices.js";
import { list } from "./format.js";

/** @typedef {import("api").components["schemas"]["Kind"]} Kind */
/**
 * @typedef {{ name: string, hint: RegExp, absent?: true, refersTo?: Kind }} Column
 * hint: words by which a person may have called it. absent: a file need not have it. refersTo: it holds ids of that
 * kind, whose files go first
 */
/** @typedef {{ name: string, the: string }} Words */
/**
 * @typedef {{ columns: readonly Column[], inName: RegExp, shownIn?: string, pt: Words, en: Words }} FileKind
 * columns: in the order of a file without a header. inName: of a file whose columns do not tell its kind. shownIn: the
 * view that lists the rows of a load
 */

/** In the order in which files that come together are loaded. @type {Readonly<Record<Kind, FileKind>>} */
export const KINDS = {
  customers: {
    columns: [
      { name: "id", hint: /^id|^c[oó]d/i },
      { name: "nome", hint: /nome|name|raz[aã]o/i },
      { name: "email", hint: /mail/i },
      { name: "telefone", hint: /fone|cel|phone|whats/i, absent: true },
    ],
    inName: /e-?mail|telefone|nome|client|customer/i,
    pt: { name: "Clientes", the: "os clientes" },
    en: { name: "Customers", the: "the customers" },
  },
  services: {
    columns: [
      { name: "id", hint: /^id|^c[oó]d|atendimento$/i },
      { name: "id_cliente", hint: /client|customer/i, refersTo: "customers" },
      { name: "angel", hint: /angel|t[eé]cnic|agente|quem|respons/i },
      { name: "polo", hint: /polo|hub|base|onde|unidade/i },
      { name: "data_limite", hint: /prazo|limite|venc|deadline|due/i },
      { name: "data_de_atendimento", hint: /atend|realiz|feit|conclu|done/i },
    ],
    inName: /atendimento|angel|polo|prazo|limite|servi[cç]|visit|service/i,
    shownIn: "visits",
    pt: { name: "Atendimentos", the: "os atendimentos" },
    en: { name: "Visits", the: "the visits" },
  },
};
export const IN_ORDER = /** @type {readonly Kind[]} */ (Object.keys(KINDS));
/** Most files and rows are of this one: it is taken where nothing tells. @type {Kind} */
export const USUAL = "services";

/** @param {unknown} name @returns {name is Kind} */
export const isKind = (name) => typeof name === "string" && Object.hasOwn(KINDS, name);

/** For sorting. @param {Kind} one @param {Kind} other */
export const byOrder = (one, other) => IN_ORDER.indexOf(one) - IN_ORDER.indexOf(other);

/** Kinds whose files go first. @param {Kind} kind */
export const goesBehind = (kind) => KINDS[kind].columns.flatMap(({ refersTo }) => refersTo ?? []);

/** As the service names it; one that is not known here stays as it came. @param {string} kind */
export const wordOf = (kind) => (isKind(kind) ? KINDS[kind][language.get()].name : kind);

/** Inside of a sentence. @param {string} kind */
export const wordWithin = (kind) => wordOf(kind).toLowerCase();

/** With their articles, inside of a sentence. @param {readonly Kind[]} kinds */
export const theWords = (kinds) => list(kinds.map((kind) => KINDS[kind][language.get()].the));

const OF = { pt: "de", en: "of" };
/** "of customers and of visits" */
export const ofAllKinds = () => list(IN_ORDER.map((kind) => `${OF[language.get()]} ${wordWithin(kind)}`));
