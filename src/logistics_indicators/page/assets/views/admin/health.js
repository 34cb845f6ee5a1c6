/** How the service is: its version, the machine, loads that wait, what the database holds. Asked every few seconds. */

import { get, send } from "../../api.js";
import { number, percent, span } from "../../format.js";
import { html, useEffect, useState } from "../../html.js";
import { IN_ORDER, wordOf } from "../../kinds.js";
import { Loading } from "../../parts/loading.js";
import { Problems } from "../../parts/problems.js";
import { textsOf } from "../../texts.js";

/** @typedef {import("api").components["schemas"]["Health"]} Answer */
/** @typedef {import("api").components["schemas"]["Machine"]} Machine */
/** @typedef {Map<string, number>} Samples */

const text = textsOf({
  pt: {
    version: "Versão",
    database: "Banco de dados",
    cpu: "Processador",
    memory: "Memória",
    disk: "Disco",
    queue: "Espera da carga mais antiga",
    no_queue: "nenhuma",
    age: "Última carga de atendimentos",
    ago: "há {span}",
    never: "nenhuma ainda",
    lag: "Mudanças ainda não consolidadas",
    cores: "{n} núcleos",
  },
  en: {
    version: "Version",
    database: "Database",
    cpu: "Processor",
    memory: "Memory",
    disk: "Disk",
    queue: "Oldest load waits",
    no_queue: "none",
    age: "Last load of visits",
    ago: "{span} ago",
    never: "none yet",
    lag: "Changes not merged yet",
    cores: "{n} cores",
  },
});
const EVERY_MS = 5_000;

export function Health() {
  const [state, setState] = useState(
    /** @type {{ health: Answer, machine: Machine, samples: Samples } | null} */ (null),
  );
  const [problem, setProblem] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    let gone = false;
    async function look() {
      try {
        /** @type {[Answer, Machine, Response]} */
        const [health, machine, metrics] = await Promise.all([
          get("v1/health"),
          get("v1/metrics"),
          send("GET", "v1/metrics", { headers: { Accept: "text/plain" } }),
        ]);
        const samples = samplesOf(await metrics.text());
        if (!gone) setState({ health, machine, samples });
        setProblem(null);
      } catch (wrong) {
        if (!gone) setProblem(wrong);
      }
    }
    void look();
    const timer = setInterval(look, EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, []);
  if (!state) {
    return problem ? html`<${Problems} problem=${problem} />` : html`<${Loading} />`;
  }
  const { health, machine, samples } = state;
  const waits = samples.get("logistics_load_queue_age_seconds");
  const age = samples.get('logistics_data_age_seconds{of="services"}');
  /** @type {[keyof typeof text | string, string][]} */
  const lines = [
    [text("version"), health.version],
    [text("database"), health.database],
    [text("cpu"), `${percent(machine.cpu.usage, 0)}, ${text("cores", { n: machine.cpu.cores })}`],
    [text("memory"), percent(machine.memory.used_percent, 0)],
    [text("disk"), percent(machine.disk.used_percent, 0)],
    [text("queue"), waits ? span(waits) : text("no_queue")],
    [text("age"), age === undefined ? text("never") : text("ago", { span: span(age) })],
    [text("lag"), number(samples.get("logistics_rollup_commits_waiting") ?? 0)],
    ...IN_ORDER.map((kind) => rowsOf(kind, samples)),
  ];
  return html`
    <${Problems} problem=${problem} />
    <dl class="grid">
      ${lines.map(
        ([name, value]) =>
          html`<div class="card figure" key=${name}>
            <dt>${name}</dt>
            <dd class="value">${value}</dd>
          </div>`,
      )}
    </dl>
  `;
}

/** @param {import("../../kinds.js").Kind} kind also its table's name @param {Samples} samples @returns {[string, string]} */
const rowsOf = (kind, samples) => [wordOf(kind), number(samples.get(`logistics_rows{table="${kind}"}`))];

/** Of the Prometheus exposition: a sample's name with its labels, and its value. @param {string} exposition */
function samplesOf(exposition) {
  const lines = exposition.split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.slice(line.lastIndexOf(" ")))]),
  );
}
