/** Whether a visit was on time, by how many days it was late, or how long it has been due. */

import { html } from "../../html.js";
import { textsOf } from "../../texts.js";
import { today } from "../../zone.js";

const text = textsOf({
  pt: {
    on_time: "No prazo",
    late: { one: "Atraso de {n} dia", other: "Atraso de {n} dias" },
    open: "Em aberto",
    overdue: { one: "Vencido há {n} dia", other: "Vencido há {n} dias" },
  },
  en: {
    on_time: "On time",
    late: { one: "{n} day late", other: "{n} days late" },
    open: "Open",
    overdue: { one: "{n} day overdue", other: "{n} days overdue" },
  },
});

const DAY_MS = 86_400_000;

/** @param {string} deadline @param {string} at a day, or a moment of one */
const daysAfter = (deadline, at) => Math.round((Date.parse(at.slice(0, 10)) - Date.parse(deadline)) / DAY_MS);

/** @param {{ visit: { data_limite: string, data_de_atendimento: string | null } }} props */
export function Outcome({ visit: { data_limite, data_de_atendimento: at } }) {
  const n = daysAfter(data_limite, at ?? today());
  if (at !== null) {
    return n > 0
      ? html`<span class="bad">${text("late", { n })}</span>`
      : html`<span class="good">${text("on_time")}</span>`;
  }
  return n > 0 ? html`<span class="bad">${text("overdue", { n })}</span>` : html`<span>${text("open")}</span>`;
}
