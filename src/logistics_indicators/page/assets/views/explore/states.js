/** The map: the SLA of each state. Its own filter does not narrow it, so that one can go from state to state. */

import { useData } from "../../data.js";
import { one } from "../../dimensions.js";
import { number, percent } from "../../format.js";
import { html } from "../../html.js";
import { ExportMenu } from "../../parts/export_menu.js";
import { asTable, Panel, usePlace, useSeen } from "../../parts/panel.js";
import { datedWords } from "../../parts/scope_words.js";
import { Problems } from "../../parts/problems.js";
import { Table } from "../../parts/table.js";
import { Tiles } from "../../parts/tiles.js";
import { changed } from "../../route.js";
import { filtersOf, rangeOf } from "../../scope.js";
import { common, textsOf } from "../../texts.js";
import { UFS } from "../../ufs.js";
import { linkToMade } from "../visits/link.js";
import { narrowTo } from "./narrow.js";

/** @typedef {import("api").components["schemas"]["SlaUfAnswer"]} Answer */
/** @typedef {Answer["sla_uf"][number]} State */

const text = textsOf({
  pt: {
    title: "SLA por estado",
    tile: "{name}: {sla}, {visits} atendimentos",
    none: "{name}: nenhum atendimento",
    below: "abaixo de {to}%",
    between: "{from} a {to}%",
    above: "{from}% ou mais",
    without: "sem atendimentos",
    name: "Nome",
  },
  en: {
    title: "SLA by state",
    tile: "{name}: {sla}, {visits} visits",
    none: "{name}: no visit",
    below: "below {to}%",
    between: "{from} to {to}%",
    above: "{from}% or more",
    without: "no visits",
    name: "Name",
  },
});

/** Where a colour begins: the same everywhere and always, so that a colour means the same tomorrow. */
const STEPS = [70, 80, 90, 95];

/** @param {number | undefined} sla */
const toneOf = (sla) => (sla === undefined ? "sla-none" : `sla-${1 + STEPS.filter((step) => sla >= step).length}`);

const legend = () => [
  ...[...STEPS, 0].map((to, place) => {
    const from = STEPS[place - 1] ?? 0;
    const key = place === 0 ? "below" : place === STEPS.length ? "above" : "between";
    return { tone: `sla-${place + 1}`, words: text(key, { from, to }) };
  }),
  { tone: "sla-none", words: text("without") },
];

/** @param {{ params: URLSearchParams, days: import("../../parts/scope_words.js").Days | null }} props days: that there are */
export function States({ params, days }) {
  const inner = usePlace();
  const seen = useSeen(inner);
  const { uf: chosen, ...filters } = filtersOf(params);
  const query = { ...rangeOf(params), ...filters, sort_field: "uf", desc: "false" };
  /** @type {import("../../data.js").Answered<Answer>} */
  const { data, problem, waiting, again } = useData(seen ? "v1/indicators/sla/uf" : null, query);
  const states = data?.sla_uf ?? [];
  const title = text("title");
  const tools = html`<${ExportMenu}
    what=${title}
    path="v1/indicators/sla/uf"
    query=${query}
    picture=${asTable(params, "map") ? undefined : datedWords(changed(params, { uf: null }), days)}
  />`;
  return html`<${Panel}
    name="map"
    title=${title}
    params=${params}
    waiting=${seen && waiting}
    empty=${!data && !problem}
    inner=${inner}
    tools=${tools}
  >
    <${Problems} problem=${problem} again=${again} />
    ${data &&
    (asTable(params, "map")
      ? html`<${StateTable} params=${params} states=${states} />`
      : html`<${Map27} params=${params} states=${states} chosen=${chosen} />`)}
  <//>`;
}

/** @param {{ params: URLSearchParams, states: readonly State[], chosen: string | undefined }} props */
function Map27({ params, states, chosen }) {
  const of = new Map(states.map((state) => [state.uf, state]));
  /** @param {string} uf @param {string} name @returns {import("../../parts/tiles.js").Tile} */
  const tileOf = (uf, name) => {
    const state = of.get(uf);
    return {
      words: state ? number(state.sla_percentual, 1) : "–",
      title: state
        ? text("tile", { name, sla: percent(state.sla_percentual), visits: state.total_de_atendimentos })
        : text("none", { name }),
      tone: toneOf(state?.sla_percentual),
      href: narrowTo(params, "uf", uf === chosen ? null : uf),
      chosen: uf === chosen,
    };
  };
  return html`<${Tiles} label=${text("title")} tileOf=${tileOf} legend=${legend()} />`;
}

/** @param {{ params: URLSearchParams, states: readonly State[] }} props */
function StateTable({ params, states }) {
  const nameOf = new Map(UFS.map(({ uf, name }) => [uf, name]));
  /** @type {import("../../parts/table.js").Column<State>[]} */
  const columns = [
    {
      name: "uf",
      title: one("uf"),
      of: ({ uf }) => uf,
      show: ({ uf }) => (uf ? html`<a href=${narrowTo(params, "uf", uf)}>${uf}</a>` : "–"),
    },
    { name: "name", title: text("name"), of: ({ uf }) => nameOf.get(uf ?? "") ?? "–" },
    {
      name: "sla",
      title: common("sla"),
      number: true,
      of: (row) => row.sla_percentual,
      show: (row) => percent(row.sla_percentual),
    },
    {
      name: "total",
      title: common("visits"),
      number: true,
      of: (row) => row.total_de_atendimentos,
      show: ({ uf, total_de_atendimentos: total }) =>
        uf ? html`<a href=${linkToMade(params, { uf })}>${number(total)}</a>` : number(total),
    },
  ];
  return html`<${Table}
    caption=${text("title")}
    columns=${columns}
    rows=${states}
    keyOf=${(/** @type {State} */ { uf }) => uf ?? ""}
  />`;
}
