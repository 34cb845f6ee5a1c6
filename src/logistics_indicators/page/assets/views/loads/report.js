/** What a load or a check found: rows by what became of them, rejects by reason, and what it does to the figures. */

import { number, percent, signed } from "../../format.js";
import { html } from "../../html.js";
import { ChangeOf } from "../../parts/change_of.js";
import { Listing } from "../../parts/listing.js";
import { common, textsOf } from "../../texts.js";
import { reasonOf } from "./words.js";

/** @typedef {import("./sending.js").Load} Load */
/** @typedef {import("api").components["schemas"]["Effect"]} Effect */
/** @typedef {import("api").components["schemas"]["Moved"]} Moved */

const text = textsOf({
  pt: {
    read: "Lidas",
    inserted: "Novas",
    updated: "Atualizadas",
    unchanged: "Iguais",
    rejected: "Rejeitadas",
    waiting: "Esperando cliente",
    counts: "Linhas",
    reasons: "Rejeitadas por motivo",
    reason: "Motivo",
    rows: "Linhas",
    first: "Primeira linha",
    effect: "Efeito nos indicadores",
    before: "Antes",
    after: "Depois",
    change: "Mudança",
    points: " p.p.",
    moved_polos: "Polos que mais mudaram",
    moved_angels: "Angels que mais mudaram",
    name: "Nome",
    days: { one: "{n} dia tocado", other: "{n} dias tocados" },
  },
  en: {
    read: "Read",
    inserted: "New",
    updated: "Updated",
    unchanged: "Unchanged",
    rejected: "Rejected",
    waiting: "Waiting for a customer",
    counts: "Rows",
    reasons: "Rejected by reason",
    reason: "Reason",
    rows: "Rows",
    first: "First line",
    effect: "Effect on the figures",
    before: "Before",
    after: "After",
    change: "Change",
    points: " pts",
    moved_polos: "Polos that moved most",
    moved_angels: "Angels that moved most",
    name: "Name",
    days: { one: "{n} day touched", other: "{n} days touched" },
  },
});

/** @param {{ load: Load }} props */
export function Counts({ load }) {
  /** @type {["read" | "inserted" | "updated" | "unchanged" | "rejected" | "waiting", number, string][]} */
  const counts = [
    ["read", load.rows_read, ""],
    ["inserted", load.rows_inserted, load.rows_inserted ? "good" : ""],
    ["updated", load.rows_updated, ""],
    ["unchanged", load.rows_unchanged, ""],
    ["rejected", load.rows_rejected, load.rows_rejected ? "bad" : ""],
    ["waiting", load.rows_waiting, load.rows_waiting ? "fair" : ""],
  ];
  return html`<dl class="counts" aria-label=${text("counts")}>
    ${counts.map(
      ([name, rows, tone]) =>
        (rows > 0 || name === "read" || name === "rejected") &&
        html`<div key=${name} data-count=${name}>
          <dt>${text(name)}</dt>
          <dd class=${tone}>${number(rows)}</dd>
        </div>`,
    )}
  </dl>`;
}

/** @param {{ load: Load }} props */
export function Reasons({ load }) {
  if (load.rejects.length === 0) return null;
  return html`<${Listing}
    name=${text("reasons")}
    captioned
    titles=${[{ title: text("reason") }, { title: text("rows"), number: true }, { title: text("first"), number: true }]}
  >
    ${load.rejects.map(
      (each) =>
        html`<tr key=${each.reason}>
          <th scope="row">${reasonOf(each.reason)}</th>
          <td class="number">${number(each.rows)}</td>
          <td class="number">${number(each.first_line)}</td>
        </tr>`,
    )}
  <//>`;
}

/** @param {{ effect: Effect }} props */
export function EffectOf({ effect }) {
  const { before, after } = effect;
  return html`
    <${Listing}
      name=${`${text("effect")}, ${text("days", { n: effect.days_touched })}`}
      captioned
      titles=${[
        { title: text("effect"), unseen: true },
        { title: text("before"), number: true },
        { title: text("after"), number: true },
        { title: text("change"), number: true },
      ]}
    >
      <tr>
        <th scope="row">${common("sla")}</th>
        <td class="number">${percent(before.sla_percentual)}</td>
        <td class="number">${percent(after.sla_percentual)}</td>
        <td class="number"><${ChangeOf} value=${pointsOf(before, after)} digits=${2} unit=${text("points")} /></td>
      </tr>
      <${Line} name=${common("visits")} before=${before.total_de_atendimentos} after=${after.total_de_atendimentos} />
      <${Line} name=${common("backlog")} before=${before.total_em_aberto} after=${after.total_em_aberto} />
    <//>
    ${effect.polos.length > 0 && html`<${MovedMost} title=${text("moved_polos")} moved=${effect.polos} />`}
    ${effect.angels.length > 0 && html`<${MovedMost} title=${text("moved_angels")} moved=${effect.angels} />`}
  `;
}

/** @param {import("api").components["schemas"]["EffectFigures"]} before @param {import("api").components["schemas"]["EffectFigures"]} after */
const pointsOf = (before, after) =>
  before.sla_percentual === null || after.sla_percentual === null ? null : after.sla_percentual - before.sla_percentual;

/** @param {{ name: string, before: number, after: number }} props */
function Line({ name, before, after }) {
  return html`<tr>
    <th scope="row">${name}</th>
    <td class="number">${number(before)}</td>
    <td class="number">${number(after)}</td>
    <td class="number">${signed(after - before)}</td>
  </tr>`;
}

const MOST_MOVED = 5;

/** @param {{ title: string, moved: readonly Moved[] }} props */
function MovedMost({ title, moved }) {
  return html`<${Listing}
    name=${title}
    captioned
    titles=${[
      { title: text("name") },
      { title: common("visits"), number: true },
      { title: common("sla"), number: true },
    ]}
  >
    ${moved.slice(0, MOST_MOVED).map(
      ({ name, before, after }) =>
        html`<tr key=${name}>
          <th scope="row">${name}</th>
          <td class="number">${signed(after.total_de_atendimentos - before.total_de_atendimentos)}</td>
          <td class="number">${percent(before.sla_percentual)} → ${percent(after.sla_percentual)}</td>
        </tr>`,
    )}
  <//>`;
}
