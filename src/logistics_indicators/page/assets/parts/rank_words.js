/** What the bars of a ranking mean, and what stands where nobody is among the worst or the best. */

import { html } from "../html.js";
import { common, textsOf } from "../texts.js";

const text = textsOf({
  pt: {
    missed: "Nenhum com atraso.",
    no_worse: "Não há outros além dos melhores.",
    no_better: "Não há outros além dos piores.",
    too_few: { one: "Nenhum tem {n} atendimento.", other: "Nenhum tem os {n} atendimentos que a comparação pede." },
    bad: "Abaixo do SLA do período",
    quiet: "O intervalo alcança o SLA do período: não dá para dizer",
    good: "Acima do SLA do período",
  },
  en: {
    missed: "None with a late visit.",
    no_worse: "There are none beside the best.",
    no_better: "There are none beside the worst.",
    too_few: { one: "None has {n} visit.", other: "None has the {n} visits that a comparison takes." },
    bad: "Below the SLA of the period",
    quiet: "The interval reaches the SLA of the period: undecided",
    good: "Above the SLA of the period",
  },
});

/** @param {import("api").components["schemas"]["SummaryAnswer"]} data @param {"piores" | "melhores"} which */
export function nobodyWords({ periodo, piores, melhores, min_total: least }, which) {
  if (periodo.total_de_atendimentos === 0) return common("no_match");
  if (which === "piores" && periodo.sla_percentual === 100) return text("missed");
  if (!piores.length && !melhores.length) return text("too_few", { n: least });
  return text(which === "melhores" ? "no_better" : "no_worse");
}

const TONES = /** @type {const} */ (["bad", "quiet", "good"]);

/** What the colours mean. @param {{ children?: import("../html.js").Children }} props children: of what else the bars have */
export const RankLegend = ({ children }) =>
  html`<ul class="legend small">
    ${TONES.map((tone) => html`<li key=${tone}><i class=${tone}></i>${text(tone)}</li>`)}${children}
  </ul>`;
