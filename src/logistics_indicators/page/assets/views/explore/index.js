/** Explore: the figures over time, by name, by state and by delay, each a click away from less and from its visits. */

import { useData } from "../../data.js";
import { html } from "../../html.js";
import { ScopeBar } from "../../parts/scope_bar.js";
import { rangeOf, scopeOf } from "../../scope.js";
import { textsOf } from "../../texts.js";
import { bucketOf } from "../summary.js";
import { Backlog } from "./backlog.js";
import { Lateness } from "./lateness.js";
import { Ranking } from "./ranking.js";
import { States } from "./states.js";
import { Trend } from "./trend.js";

/** @typedef {import("api").components["schemas"]["SummaryAnswer"]} SummaryAnswer */

const text = textsOf({ pt: { title: "Explorar" }, en: { title: "Explore" } });

/** @param {{ params: URLSearchParams }} props */
export function Explore({ params }) {
  /** @type {import("../../data.js").Answered<SummaryAnswer>} */
  const { data } = useData("v1/indicators/summary", { ...scopeOf(params), by: "uf", top: 1 });
  const [first, last] = [data?.start_date ?? null, data?.end_date ?? null];
  const asked = rangeOf(params);
  const bucket =
    asked.start_date && asked.end_date ? bucketOf(asked.start_date, asked.end_date) : data && bucketOf(first, last);
  return html`
    <h1 class="visually-hidden">${text("title")}</h1>
    <${ScopeBar} params=${params} first=${first} last=${last} />
    ${bucket && html`<${Trend} params=${params} bucket=${bucket} />`}
    <div class="grid pairs">
      <${Ranking} params=${params} whole=${data?.periodo.sla_percentual ?? null} />
      <${States} params=${params} />
      <${Lateness} params=${params} />
      <${Backlog} params=${params} />
    </div>
  `;
}
