/** The control room's first screen: the figures, how they changed, and who moved them. */

import { call } from "../api.js";
import { useData } from "../data.js";
import { plusDays } from "../days.js";
import { byOf, DIMENSIONS, many, one } from "../dimensions.js";
import { day, days, number, percent } from "../format.js";
import { html, useState } from "../html.js";
import { ofAllKinds } from "../kinds.js";
import { Bars, toneOf } from "../parts/bars.js";
import { ChangeOf } from "../parts/change_of.js";
import { Action } from "../parts/focus.js";
import { LastDays } from "../parts/last_days.js";
import { Loading } from "../parts/loading.js";
import { note } from "../parts/notes.js";
import { Problems, wordsOf } from "../parts/problems.js";
import { nobodyWords, RankLegend } from "../parts/rank_words.js";
import { ScopeBar } from "../parts/scope_bar.js";
import { daysWords, wholeWords } from "../parts/scope_words.js";
import { Spark } from "../parts/spark.js";
import { linkTo } from "../route.js";
import { scopeOf } from "../scope.js";
import { may } from "../session.js";
import { common, textsOf } from "../texts.js";
import { linkToMade, linkToOpen } from "./visits/link.js";

/** @typedef {import("api").components["schemas"]["SummaryAnswer"]} SummaryAnswer */
/** @typedef {import("api").components["schemas"]["TrendAnswer"]} TrendAnswer */
/** @typedef {import("api").components["schemas"]["SummaryRank"]} Rank */
/** @typedef {import("../dimensions.js").Dimension} Dimension */

const text = textsOf({
  pt: {
    title: "Resumo",
    points: " p.p.",
    per_day: "por dia útil",
    none_overdue: "nenhum vencido",
    open: { one: "{n} vencido, de {day}", other: "{n} vencidos, o mais antigo de {day}" },
    best: "Melhores {of}",
    worst: "Piores {of}",
    fair: "O tracejado é o SLA do período. O traço fino é o intervalo de 95%: poucos atendimentos dizem pouco, e o traço deles é longo. Ele decide a cor e a ordem: os piores pela ponta de cima, os melhores pela de baixo.",
    empty: "Ainda não há atendimentos neste período.",
    unused: "Ainda não há atendimentos: carregue os arquivos {of_kinds}.",
    load: "Carregar arquivos",
    early: "dias antes do prazo",
    after: "dias depois do prazo",
    by: "Ver por",
    demo: "Carregar dados de demonstração",
    demo_comes: "Os dados de demonstração estão chegando.",
  },
  en: {
    title: "Summary",
    points: " pts",
    per_day: "per business day",
    none_overdue: "none overdue",
    open: { one: "{n} overdue, of {day}", other: "{n} overdue, the oldest of {day}" },
    best: "Best {of}",
    worst: "Worst {of}",
    fair: "The dashed line is the SLA of the period. The thin line is the 95% interval: few visits say little, so their line is long. It decides the colour and the order: the worst by its upper end, the best by its lower end.",
    empty: "There are no visits in this period yet.",
    unused: "There are no visits yet: load the files {of_kinds}.",
    load: "Load files",
    early: "days before the deadline",
    after: "days after the deadline",
    by: "See by",
    demo: "Load demo data",
    demo_comes: "The demo data is coming.",
  },
});

const TAKES = { by: DIMENSIONS };

/** @param {{ params: URLSearchParams }} props */
export function Summary({ params }) {
  const by = byOf(params);
  const scope = scopeOf(params);
  /** @type {import("../data.js").Answered<SummaryAnswer>} */
  const { data, problem, waiting, again } = useData("v1/indicators/summary", { ...scope, by });
  return html`
    <h1 class="visually-hidden">${text("title")}</h1>
    <${ScopeBar}
      params=${params}
      takes=${TAKES}
      first=${data?.start_date}
      last=${data?.end_date}
      near=${data?.sugestoes}
      words=${data && wholeWords(params, data)}
    />
    <${Problems} problem=${problem} again=${again} />
    <${LastDays} params=${params} none=${!waiting && data?.periodo.total_de_atendimentos === 0} />
    ${data && html`<${Figures} data=${data} params=${params} waiting=${waiting} />`}
    ${data && html`<${Ranks} data=${data} by=${by} params=${params} waiting=${waiting} />`}
    ${!data && !problem && html`<${Loading} />`}
  `;
}

/** @param {{ data: SummaryAnswer, params: URLSearchParams, waiting: boolean }} props */
function Figures({ data, params, waiting }) {
  const { periodo: now, periodo_anterior: before, em_aberto: open } = data;
  const compared = before.total_de_atendimentos > 0;
  const changed = data.variacao;
  if (now.total_de_atendimentos === 0 && open.total_em_aberto === 0) return html`<${Empty} params=${params} />`;
  const lines = useLines(data, params);
  const made = linkToMade(params);
  return html`
    ${data.start_date && html`<p class="quiet not-on-paper">${daysWords(data)}</p>`}
    <section class="grid figures ${waiting ? "waiting" : ""}">
      <${Figure} name=${common("sla")} value=${percent(now.sla_percentual)} line=${lines.sla} href=${made}>
        ${compared && html`<${ChangeOf} value=${changed.sla_pontos} digits=${2} unit=${text("points")} />`}
      <//>
      <${Figure} name=${common("visits")} value=${number(now.total_de_atendimentos)} line=${lines.visits} href=${made}>
        ${compared &&
        html`<${ChangeOf} value=${changed.total_de_atendimentos_percentual} digits=${1} unit="%" better="neither" />`}
      <//>
      <${Figure} name=${common("productivity")} value=${number(now.produtividade, 2)} line=${lines.productivity}>
        ${compared && html`<${ChangeOf} value=${changed.produtividade} digits=${2} />`}
        <span class="quiet"> ${text("per_day")}</span>
      <//>
      <${Lead}
        seconds=${now.tempo_medio_segundos}
        changed=${compared ? changed.tempo_medio_segundos : undefined}
        href=${made}
      />
      <${Figure} name=${common("backlog")} value=${number(open.total_em_aberto)} href=${linkToOpen(params)}>
        ${open.total_atrasado
          ? html`<a class="bad" href=${linkToOpen(params, { data_limite_ate: plusDays(data.as_of, -1) })}>
              ${text("open", { n: open.total_atrasado, day: day(open.data_limite_mais_antiga) })}
            </a>`
          : html`<span class="quiet">${text("none_overdue")}</span>`}
      <//>
    </section>
  `;
}

/**
 * How long before the deadline visits were made, or how long after it.
 *
 * @param {{ seconds: number | null, changed?: number | null, href: string }} props
 */
function Lead({ seconds, changed, href }) {
  const late = inDays(seconds ?? 0) < 0;
  const sign = late ? -1 : 1;
  return html`<${Figure} name=${common("mean_time")} value=${days(seconds && Math.abs(seconds))} href=${href}>
    ${changed !== undefined &&
    html`<${ChangeOf}
      value=${changed === null ? null : sign * inDays(changed)}
      digits=${1}
      better=${late ? "down" : "up"}
    />`}
    <span class="quiet"> ${text(late ? "after" : "early")}</span>
  <//>`;
}

/** As they are written: with a digit. @param {number} seconds */
const inDays = (seconds) => Number((seconds / 86_400).toFixed(1));

/**
 * The lines of the figures: a point a month, a week or a day, as the period is long.
 *
 * @param {SummaryAnswer} data
 * @param {URLSearchParams} params
 */
function useLines(data, params) {
  const query = { ...scopeOf(params), bucket: bucketOf(data.start_date, data.end_date), by: "uf", top: 0 };
  const sla = useWhole(query, "sla");
  const productivity = useWhole(query, "produtividade");
  return {
    sla: sla.map((point) => point.valor),
    visits: sla.map((point) => point.total_de_atendimentos),
    productivity: productivity.map((point) => point.valor),
  };
}

/** @param {Record<string, string | number>} query @param {string} metric */
function useWhole(query, metric) {
  /** @type {import("../data.js").Answered<TrendAnswer>} */
  const { data } = useData("v1/indicators/trend", { ...query, metric });
  return data?.tendencia ?? [];
}

/** @param {string | null} first @param {string | null} last @returns {"day" | "week" | "month"} */
export function bucketOf(first, last) {
  const count = first && last ? (Date.parse(last) - Date.parse(first)) / 86_400_000 : 0;
  return count > 200 ? "month" : count > 45 ? "week" : "day";
}

/** @param {{ name: string, value: string, href?: string, line?: (number | null)[], children: import("../html.js").Children }} props href: its visits */
function Figure({ name, value, href, line, children }) {
  return html`<article class="card figure">
    <h2 class="name">${name}</h2>
    <p class="value">${href ? html`<a href=${href}>${value}</a>` : value}</p>
    <p class="small">${children}</p>
    ${line && html`<${Spark} values=${line} />`}
  </article>`;
}

/** @param {{ data: SummaryAnswer, by: Dimension, params: URLSearchParams, waiting: boolean }} props */
function Ranks({ data, by, params, waiting }) {
  if (data.periodo.total_de_atendimentos === 0) return null;
  const of = many(by);
  /** @param {readonly Rank[]} ranks */
  const bars = (ranks) =>
    ranks.map((rank) => ({
      name: rank[by] ?? "–",
      value: rank.sla_percentual,
      words: html`${percent(rank.sla_percentual)} · <${Visits} params=${params} by=${by} rank=${rank} />`,
      low: rank.sla_minimo,
      high: rank.sla_maximo,
      tone: toneOf(rank, data.periodo.sla_percentual ?? 0),
      href: linkTo("explore", narrowed(params, by, rank[by] ?? "")),
    }));
  return html`
    <nav class="row" aria-label=${text("by")}>
      <span class="quiet">${text("by")}</span>
      ${DIMENSIONS.map(
        (each) =>
          html`<a
            class="button"
            aria-current=${each === by ? "true" : null}
            href=${linkTo("summary", narrowed(params, "by", each))}
            >${one(each)}</a
          >`,
      )}
    </nav>
    <section class="grid wide ${waiting ? "waiting" : ""}">
      <article class="card stack">
        <h2>${text("worst", { of })}</h2>
        ${data.piores.length
          ? html`<${Bars}
              label=${text("worst", { of })}
              mark=${data.periodo.sla_percentual}
              bars=${bars(data.piores)}
            />`
          : html`<p class="quiet">${nobodyWords(data, "piores")}</p>`}
      </article>
      <article class="card stack">
        <h2>${text("best", { of })}</h2>
        ${data.melhores.length
          ? html`<${Bars}
              label=${text("best", { of })}
              mark=${data.periodo.sla_percentual}
              bars=${bars(data.melhores)}
            />`
          : html`<p class="quiet">${nobodyWords(data, "melhores")}</p>`}
      </article>
    </section>
    <${RankLegend} />
    <p class="quiet small">${text("fair")}</p>
  `;
}

/** The number of its visits, which leads to them. @param {{ params: URLSearchParams, by: Dimension, rank: Rank }} props */
function Visits({ params, by, rank }) {
  const [name, count] = [rank[by], number(rank.total_de_atendimentos)];
  if (!name) return html`<span>${count}</span>`;
  const label = `${name}: ${count} ${common("visits").toLowerCase()}`;
  return html`<a href=${linkToMade(params, { [by]: name })} aria-label=${label}>${count}</a>`;
}

/** The same address with one more word. @param {URLSearchParams} params @param {string} name @param {string} value */
export function narrowed(params, name, value) {
  const next = new URLSearchParams(params);
  next.set(name, value);
  return next;
}

/** Nothing to show: where files are loaded and, while there is nothing at all, made-up data to look around with. @param {{ params: URLSearchParams }} props */
function Empty({ params }) {
  const filtered = DIMENSIONS.some((name) => params.has(name));
  const [asked, setAsked] = useState(false);
  const unused = useUnused();
  async function demo() {
    setAsked(true);
    try {
      await call("POST", "v1/demo");
      note(text("demo_comes"));
    } catch (problem) {
      note(wordsOf(problem), "bad");
      setAsked(false);
    }
  }
  return html`<div class="card stack">
    <p>${unused ? text("unused", { of_kinds: ofAllKinds() }) : filtered ? common("no_match") : text("empty")}</p>
    <div class="row">
      <a class="button" href=${linkTo("loads")}>${text("load")}</a>
      ${unused && may("admin") && html`<${Action} off=${asked} onClick=${demo}>${text("demo")}<//>`}
    </div>
  </div>`;
}

/** Whether no file was ever loaded. */
function useUnused() {
  /** @type {import("../data.js").Answered<{ loads: unknown[] }>} */
  const { data } = useData("v1/loads", { limit: 1 });
  return data?.loads.length === 0;
}
