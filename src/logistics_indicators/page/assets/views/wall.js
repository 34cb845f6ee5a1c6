/** The wall: large figures that change places by themselves, for a screen that nobody touches during a shift. */

import { useData } from "../data.js";
import { DIMENSIONS, many } from "../dimensions.js";
import { instantOf, number, percent } from "../format.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { heardAt, link } from "../live.js";
import { Bars, toneOf } from "../parts/bars.js";
import { ChangeOf } from "../parts/change_of.js";
import { Loading } from "../parts/loading.js";
import { Problems } from "../parts/problems.js";
import { nobodyWords, RankLegend } from "../parts/rank_words.js";
import { wholeWords } from "../parts/scope_words.js";
import { Spark } from "../parts/spark.js";
import { Unread } from "../parts/unread.js";
import { linkTo } from "../route.js";
import { filtersOf, scopeOf } from "../scope.js";
import { useStore } from "../store.js";
import { common, textsOf } from "../texts.js";
import { bucketOf } from "./summary.js";

/** @typedef {import("api").components["schemas"]["SummaryAnswer"]} SummaryAnswer */
/** @typedef {import("api").components["schemas"]["TrendAnswer"]} TrendAnswer */
/** @typedef {import("../dimensions.js").Dimension} Dimension */

const text = textsOf({
  pt: {
    title: "Painel",
    leave: "Sair do painel",
    full: "Tela cheia",
    pause: "Pausar",
    go: "Continuar",
    old: "Sem resposta do serviço desde {at}. Os números abaixo são de então.",
    worst: "Piores {of} por SLA",
    best: "Melhores {of} por SLA",
    overdue: "{n} vencidos",
    points: " p.p.",
    whole: "SLA do período: {sla}",
    interval: "Intervalo de 95% do SLA",
    page: "{page} de {pages}",
    arrows: "As setas mudam de página",
  },
  en: {
    title: "Wall",
    leave: "Leave the wall",
    full: "Full screen",
    pause: "Pause",
    go: "Go on",
    old: "The service has not answered since {at}. The figures below are of then.",
    worst: "Worst {of} by SLA",
    best: "Best {of} by SLA",
    overdue: "{n} overdue",
    points: " pts",
    whole: "SLA of the period: {sla}",
    interval: "95% interval of the SLA",
    page: "{page} of {pages}",
    arrows: "The arrow keys change the page",
  },
});

const TURN_SECONDS = 20;
const [SHORTEST_TURN, LONGEST_TURN] = [5, 3_600];
const OLD_MS = 60_000;
const TAKES = { seconds: null };
/** The figures, and a ranking by whatever has more than one name. @param {URLSearchParams} params */
const pagesOf = (params) => /** @type {const} */ (["figures", ...RANKED.filter((by) => !isOne(params, by))]);
/** A polo is of one state. @param {URLSearchParams} params @param {Dimension} by */
const isOne = (params, by) => params.has(by) || (by === "uf" && params.has("polo"));
/** @type {readonly Dimension[]} */
const RANKED = ["polo", ...DIMENSIONS.filter((by) => by !== "polo")];

/** In seconds. @param {URLSearchParams} params */
const turnOf = (params) =>
  Math.min(LONGEST_TURN, Math.max(SHORTEST_TURN, Number(params.get("seconds")) || TURN_SECONDS));

/** @param {{ params: URLSearchParams }} props */
export function Wall({ params }) {
  const seconds = turnOf(params);
  const [place, setPlace] = useState(0);
  const [paused, setPaused] = useState(false);
  const frame = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (paused) return;
    const timer = setInterval(() => setPlace((before) => before + 1), seconds * 1_000);
    return () => clearInterval(timer);
  }, [paused, seconds]);
  useAwake();
  useArrows((step) => setPlace((before) => before + step));
  const pages = pagesOf(params);
  const shown = ((place % pages.length) + pages.length) % pages.length;
  const page = pages[shown] ?? "figures";
  const answers = {
    polo: useSummary(params, "polo"),
    angel: useSummary(params, "angel"),
    uf: useSummary(params, "uf"),
  };
  const { data, problem, again } = answers[page === "figures" ? "polo" : page];
  return html`<main class="wall" ref=${frame}>
    <header class="row spread">
      <div class="about">
        <h1>${common("name")}</h1>
        ${data && html`<p>${wholeWords(params, data)}</p>`}
      </div>
      <div class="row">
        <span class="quiet" title=${text("arrows")}>${text("page", { page: shown + 1, pages: pages.length })}</span>
        <button onClick=${() => setPaused(!paused)}>${paused ? text("go") : text("pause")}</button>
        <button onClick=${() => void frame.current?.requestFullscreen?.()}>${text("full")}</button>
        <a class="button" href=${linkTo("summary", filtersOf(params))}>${text("leave")}</a>
      </div>
    </header>
    <${Unread} params=${params} takes=${TAKES} />
    <${Age} />
    ${data &&
    (page === "figures"
      ? html`<${Figures} data=${data} params=${params} />`
      : html`<${Ranks} data=${data} by=${page} />`)}
    ${!data && (problem ? html`<${Problems} problem=${problem} again=${again} />` : html`<${Loading} />`)}
  </main>`;
}

/**
 * Every page's figures are asked for at each change, and the last ones stay: a page that comes when the service is away
 * has them too.
 *
 * @param {URLSearchParams} params
 * @param {Dimension} by
 */
function useSummary(params, by) {
  const last = useRef(/** @type {SummaryAnswer | null} */ (null));
  /** @type {import("../data.js").Answered<SummaryAnswer>} */
  const { data, problem, again } = useData("v1/indicators/summary", { ...scopeOf(params), by, top: 8 });
  last.current = data ?? last.current;
  return { data: last.current, problem, again };
}

/** Says when the figures are old; a clock of its own looks, for no news come then. */
function Age() {
  const state = useStore(link);
  const heard = useStore(heardAt);
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((before) => before + 1), 5_000);
    return () => clearInterval(timer);
  }, []);
  const old = heard > 0 && Date.now() - heard > OLD_MS;
  if (state !== "away" && !old) return null;
  return html`<p class="notice bad" role="alert">${text("old", { at: instantOf(heard) })}</p>`;
}

/** @param {{ data: SummaryAnswer, params: URLSearchParams }} props */
function Figures({ data, params }) {
  const { periodo: now, periodo_anterior: before, variacao: changed, em_aberto: open } = data;
  const compared = before.total_de_atendimentos > 0;
  const query = {
    ...scopeOf(params),
    bucket: bucketOf(data.start_date, data.end_date),
    by: "uf",
    top: 0,
  };
  const points = usePoints({ ...query, metric: "sla" });
  const pace = usePoints({ ...query, metric: "produtividade" });
  const values = {
    sla: percent(now.sla_percentual),
    visits: number(now.total_de_atendimentos),
    productivity: number(now.produtividade, 2),
    backlog: number(open.total_em_aberto),
  };
  return html`<section class="huge" style=${{ "--ems": Math.max(...Object.values(values).map(emsOf)) }}>
    <article class="card">
      <h2>${common("sla")}</h2>
      <p class="value">${values.sla}</p>
      ${compared && html`<p><${ChangeOf} value=${changed.sla_pontos} digits=${2} unit=${text("points")} /></p>`}
      <${Spark} values=${points.map(({ valor }) => valor)} />
    </article>
    <article class="card">
      <h2>${common("visits")}</h2>
      <p class="value">${values.visits}</p>
      <${Spark} values=${points.map(({ total_de_atendimentos: total }) => total)} />
    </article>
    <article class="card">
      <h2>${common("productivity")}</h2>
      <p class="value">${values.productivity}</p>
      <${Spark} values=${pace.map(({ valor }) => valor)} />
    </article>
    <article class="card">
      <h2>${common("backlog")}</h2>
      <p class="value">${values.backlog}</p>
      <p class=${open.total_atrasado ? "bad" : "good"}>${text("overdue", { n: open.total_atrasado })}</p>
    </article>
  </section>`;
}

/** How wide a figure is in bold letters, in em, with the widest digits that systems have. @param {string} figure */
const emsOf = (figure) => [...figure].reduce((ems, sign) => ems + (/\d/.test(sign) ? 0.7 : sign === "%" ? 1 : 0.4), 0);

/** @param {import("../route.js").Params} query */
function usePoints(query) {
  /** @type {import("../data.js").Answered<TrendAnswer>} */
  const { data } = useData("v1/indicators/trend", query);
  return data?.tendencia ?? [];
}

/** @param {{ data: SummaryAnswer, by: Dimension }} props */
function Ranks({ data, by }) {
  const whole = data.periodo.sla_percentual ?? 0;
  /** @param {SummaryAnswer["piores"]} ranks */
  const bars = (ranks) =>
    ranks.map((rank) => ({
      ...{ name: rank[by] ?? "–", value: rank.sla_percentual, words: percent(rank.sla_percentual) },
      ...{ low: rank.sla_minimo, high: rank.sla_maximo, tone: toneOf(rank, whole) },
    }));
  return html`<section class="ranks" style=${{ "--rows": Math.max(1, data.piores.length, data.melhores.length) }}>
    <${Ranked}
      title=${text("worst", { of: many(by) })}
      mark=${whole}
      bars=${bars(data.piores)}
      none=${nobodyWords(data, "piores")}
    />
    <${Ranked}
      title=${text("best", { of: many(by) })}
      mark=${whole}
      bars=${bars(data.melhores)}
      none=${nobodyWords(data, "melhores")}
    />
    <${RankLegend}>
      <li class="mark">${text("whole", { sla: percent(data.periodo.sla_percentual) })}</li>
      <li class="interval">${text("interval")}</li>
    <//>
  </section>`;
}

/**
 * @param {{ title: string, mark: number, bars: readonly import("../parts/bars.js").Bar[], none: string }} props
 * none: what is said where there are no bars
 */
const Ranked = ({ title, mark, bars, none }) =>
  html`<article class="card">
    <h2>${title}</h2>
    ${bars.length ? html`<${Bars} label=${title} mark=${mark} bars=${bars} />` : html`<p class="quiet">${none}</p>`}
  </article>`;

/** The arrow keys turn the pages, for who looks closer. @param {(step: 1 | -1) => void} turn */
function useArrows(turn) {
  useEffect(() => {
    /** @param {KeyboardEvent} event */
    const pressed = ({ key, altKey }) => {
      if (altKey) return; // the browser's own way back
      if (key === "ArrowRight") turn(1);
      else if (key === "ArrowLeft") turn(-1);
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
}

/** The screen stays on, where the browser can do that. */
function useAwake() {
  useEffect(() => {
    /** @type {WakeLockSentinel | null} */
    let lock = null;
    const ask = () => {
      if (document.visibilityState !== "visible") return;
      navigator.wakeLock?.request("screen").then(
        (given) => (lock = given),
        () => undefined,
      );
    };
    ask();
    document.addEventListener("visibilitychange", ask);
    return () => {
      document.removeEventListener("visibilitychange", ask);
      void lock?.release();
    };
  }, []);
}
