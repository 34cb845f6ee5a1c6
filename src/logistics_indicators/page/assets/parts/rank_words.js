/** What stands where nobody is among the worst or the best. */

import { textsOf } from "../texts.js";

const text = textsOf({
  pt: {
    none: "Nenhum atendimento corresponde a este período e a estes filtros.",
    missed: "Nenhum com atraso.",
    no_worse: "Não há outros além dos melhores.",
    no_better: "Não há outros além dos piores.",
  },
  en: {
    none: "No visit matches this period and these filters.",
    missed: "None with a late visit.",
    no_worse: "There are none beside the best.",
    no_better: "There are none beside the worst.",
  },
});

/** @param {import("api").components["schemas"]["SummaryAnswer"]} data @param {"piores" | "melhores"} which */
export function nobodyWords({ periodo }, which) {
  if (periodo.total_de_atendimentos === 0) return text("none");
  if (which === "melhores") return text("no_better");
  return text(periodo.sla_percentual === 100 ? "missed" : "no_worse");
}
