/** Explore: the figures over time, by name, by state and by delay, each a click away from less and from its visits. */

import { useData } from "../../data.js";
import { DIMENSIONS } from "../../dimensions.js";
import { html, useRef } from "../../html.js";
import { LastDays } from "../../parts/last_days.js";
import { asTable } from "../../parts/panel.js";
import { Problems } from "../../parts/problems.js";
import { ScopeBar } from "../../parts/scope_bar.js";
import { valueOf } from "../../parts/typed.js";
import { change } from "../../route.js";
import { rangeOf, scopeOf } from "../../scope.js";
import { textsOf } from "../../texts.js";
import { bucketOf } from "../summary.js";
import { Backlog } from "./backlog.js";
import { Lateness } from "./lateness.js";
import { ORDERS, Ranking } from "./ranking.js";
import { States } from "./states.js";
import { BUCKETS, COMPARED, METRICS, Trend } from "./trend.js";

/** @typedef {import("api").components["schemas"]["SummaryAnswer"]} SummaryAnswer */

const text = textsOf({
  pt: { title: "Explorar", calendar: "Dias úteis", national: "Nacionais", local: "Do lugar" },
  en: { title: "Explore", calendar: "Business days", national: "National", local: "Of the place" },
});

const PANELS = ["trend", "rank", "map", "late", "open"];
/** @type {import("../../scope.js").Takes} */
const TAKES = {
  ...Object.fromEntries(PANELS.map((panel) => [panel, ["table"]])),
  by: DIMENSIONS,
  metric: METRICS,
  bucket: BUCKETS,
  compare: COMPARED,
  order: Object.keys(ORDERS),
  sort: null,
};

/** @param {{ params: URLSearchParams }} props */
export function Explore({ params }) {
  /** @type {import("../../data.js").Answered<SummaryAnswer>} */
  const { data, problem, waiting, again } = useData("v1/indicators/summary", { ...scopeOf(params), by: "uf", top: 1 });
  const [first, last] = [data?.start_date ?? null, data?.end_date ?? null];
  const bucket = useBucket(rangeOf(params), data && { first, last }, waiting);
  const { calendario = "nacional" } = scopeOf(params);
  const counted = calendario !== "nacional" || params.get("metric") === "produtividade" || asTable(params, "rank");
  return html`
    <h1 class="visually-hidden">${text("title")}</h1>
    <${ScopeBar} params=${params} takes=${TAKES} first=${first} last=${last} near=${data?.sugestoes}>
      ${counted && html`<${Calendar} value=${calendario} />`}
    <//>
    <${Problems} problem=${problem} again=${again} />
    <${LastDays} params=${params} none=${!waiting && data?.periodo.total_de_atendimentos === 0} />
    ${bucket && html`<${Trend} params=${params} bucket=${bucket} />`}
    <div class="grid pairs">
      <${Ranking} params=${params} whole=${data?.periodo.sla_percentual ?? null} days=${data} />
      <${States} params=${params} days=${data} />
      <${Lateness} params=${params} days=${data} />
      <${Backlog} params=${params} />
    </div>
  `;
}

/**
 * What the points are of, unless the reader chooses. All days are the same days under every filter, so that they are
 * remembered: the answer of the period before would choose another bucket for a moment.
 *
 * @param {Partial<import("../../scope.js").Range>} asked
 * @param {{ first: string | null, last: string | null } | null} answered
 * @param {boolean} waiting what is answered is of the question before
 */
function useBucket({ start_date, end_date }, answered, waiting) {
  const whole = useRef(/** @type {ReturnType<typeof bucketOf> | null} */ (null));
  if (start_date && end_date) return bucketOf(start_date, end_date);
  const bucket = answered && bucketOf(answered.first, answered.last);
  if (start_date || end_date) return bucket;
  if (!waiting) whole.current = bucket;
  return whole.current ?? bucket;
}

/** @param {{ value: string }} props */
function Calendar({ value }) {
  return html`<label class="field">
    <span>${text("calendar")}</span>
    <select
      name="calendario"
      value=${value}
      onChange=${(/** @type {Event} */ event) => change({ calendario: valueOf(event) === "uf" ? "uf" : null })}
    >
      <option value="nacional">${text("national")}</option>
      <option value="uf">${text("local")}</option>
    </select>
  </label>`;
}
