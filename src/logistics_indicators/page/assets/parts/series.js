/** One or two lines over time, drawn by uPlot. The arrow keys walk along the points, which are read aloud. */

import { theme } from "../choices.js";
import { useRetried } from "../data.js";
import { html, useEffect, useLayoutEffect, useRef, useState } from "../html.js";
import { later } from "../later.js";
import { Problem } from "../problem.js";
import { printing } from "../printing.js";
import { useStore } from "../store.js";
import { textsOf } from "../texts.js";
import { lonely } from "./lonely.js";

/** @typedef {import("uplot")} UPlot */
/** @typedef {{ name: string, values: readonly (number | null)[] }} Line */
/** @typedef {{ place: (at: number) => void, range: (first: number, last: number) => void }} Seen place: the last one stays, so that its words can be clicked */

const text = textsOf({
  pt: {
    keys: "{label}. As setas andam pelos pontos; Enter abre o período do ponto.",
    none: "Passe pelo gráfico para ler os pontos; arraste para ver só um período.",
    touch: "Toque no gráfico para ler os pontos.",
  },
  en: {
    keys: "{label}. Arrow keys walk along the points; Enter opens the period of a point.",
    none: "Move over the chart to read its points; drag to see a period alone.",
    touch: "Touch the chart to read its points.",
  },
});

/** A finger that drags scrolls the page. */
const MOUSE = matchMedia("(pointer: fine)").matches;
const HEIGHT = 280;
const LEAST_DRAG_PX = 6;
const COLOURS = ["--series", "--series-2"];
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowDown: -1, ArrowUp: 1, PageUp: 6, PageDown: -6 };

/**
 * @param {{
 *   label: string,
 *   names: readonly string[],
 *   lines: readonly Line[],
 *   format: (value: number) => string,
 *   from?: "zero" | "least",
 *   most?: number,
 *   wordsOf: (place: number) => import("../html.js").Children,
 *   onPick: (place: number) => void,
 *   onRange: (first: number, last: number) => void,
 * }} props
 * names: of the points, short, for the axis. from: where the axis begins. most: where it ends at the latest.
 * wordsOf: a point in words, for the eye and for the ear. onRange: of points that the mouse was dragged over
 */
export function Series(props) {
  const { label, names, lines, wordsOf, onPick, onRange } = props;
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const [place, setPlace] = useState(/** @type {number | null} */ (null));
  const [spoken, setSpoken] = useState(false);
  const ranged = useRef(onRange);
  ranged.current = onRange;
  const plot = usePlot(box, props, {
    place: (at) => {
      setSpoken(false);
      setPlace(at);
    },
    range: (first, last) => ranged.current(first, last),
  });
  useEffect(() => setPlace(null), [`${names}`]);
  const shown = place !== null && place < names.length ? place : null;

  /** @param {KeyboardEvent} event */
  function walk(event) {
    if (event.key === "Enter" && shown !== null) return onPick(shown);
    const next = nextPlace(event.key, shown, names.length);
    if (next === null) return;
    event.preventDefault();
    setSpoken(true);
    setPlace(next);
    show(plot.current, next);
  }

  return html`<div class="stack">
    <ul class="legend small" hidden=${lines.length < 2}>
      ${lines.map((line, index) => html`<li key=${index} class="line-${index + 1}">${line.name}</li>`)}
    </ul>
    <div
      class="chart"
      role="application"
      tabindex="0"
      aria-label=${text("keys", { label })}
      ref=${box}
      onKeyDown=${walk}
      onClick=${() => shown !== null && onPick(shown)}
    ></div>
    <p class="small reading">
      ${shown === null ? html`<span class="quiet">${text(MOUSE ? "none" : "touch")}</span>` : wordsOf(shown)}
    </p>
    <p class="visually-hidden" role="status">${spoken && shown !== null ? wordsOf(shown) : ""}</p>
  </div>`;
}

/** @param {string} key @param {number | null} place @param {number} count @returns {number | null} */
function nextPlace(key, place, count) {
  if (count === 0) return null;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const step = STEPS[/** @type {keyof typeof STEPS} */ (key)];
  if (step === undefined) return null;
  return place === null ? (step < 0 ? count - 1 : 0) : Math.min(count - 1, Math.max(0, place + step));
}

/** @param {UPlot | null} plot @param {number} place */
function show(plot, place) {
  const value = plot?.data[1]?.[place] ?? plot?.data[2]?.[place];
  if (!plot) return;
  plot.setCursor({ left: plot.valToPos(place, "x"), top: value == null ? 0 : plot.valToPos(value, "y") }, false);
}

/**
 * The chart in the box, drawn anew for other lines, in the colours of this moment, and as wide as the box.
 *
 * @param {{ current: HTMLElement | null }} box
 * @param {{ names: readonly string[], lines: readonly Line[], format: (value: number) => string, from?: "zero" | "least", most?: number }} what
 * @param {Seen} seen
 */
function usePlot(box, { names, lines, format, from = "least", most }, seen) {
  const plot = useRef(/** @type {UPlot | null} */ (null));
  const colours = `${useStore(theme)} ${useDark()} ${useStore(printing)}`;
  const question = JSON.stringify([names, lines, from]);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [turn, setTurn] = useState(0);
  useRetried(problem, () => setTurn((before) => before + 1));
  useEffect(() => {
    let gone = false;
    void library().then((Plot) => {
      const area = box.current;
      if (gone || !area) return;
      const data = /** @type {import("uplot").AlignedData} */ ([
        names.map((_, index) => index),
        ...lines.map(({ values }) => values),
      ]);
      plot.current = new Plot(optionsOf(area, { names, lines, format, from, most }, seen), data, area);
    }, setProblem);
    return () => {
      gone = true;
      plot.current?.destroy();
      plot.current = null;
    };
  }, [question, turn]);
  useLayoutEffect(() => plot.current?.redraw(false), [colours]); // paper waits for no effect
  useEffect(() => {
    const area = box.current;
    if (!area) return;
    const sizes = new ResizeObserver(() => plot.current?.setSize({ width: area.clientWidth, height: HEIGHT }));
    sizes.observe(area);
    return () => sizes.disconnect();
  }, []);
  return plot;
}

/**
 * @param {HTMLElement} area
 * @param {{ names: readonly string[], lines: readonly Line[], format: (value: number) => string, from: "zero" | "least", most?: number }} what
 * @param {Seen} seen
 * @returns {import("uplot").Options}
 */
function optionsOf(area, { names, lines, format, from, most }, seen) {
  /** Asked for at each drawing. @param {string} name */
  const colour = (name) => () => colourOf(area, name);
  /** @param {number} index */
  const colourOfLine = (index) => colourOf(area, COLOURS[index] ?? "--ink");
  const font = `13px ${getComputedStyle(area).fontFamily}`;
  const few = names.length < 60;
  const axis = {
    stroke: colour("--quiet"),
    font,
    grid: { stroke: colour("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: area.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    padding: [12, 40, 0, 0],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false, dist: LEAST_DRAG_PX },
      points: { size: 11, width: 2.5, stroke: (_, index) => colourOfLine(index - 1), fill: colour("--paper") },
    },
    scales: {
      x: { time: false, range: () => [names.length > 1 ? 0 : -1, Math.max(1, names.length - 1)] },
      y: { range: (_, low, high) => rangeOf(low, high, from, most) },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 36,
        space: 96,
        incrs: [1, 2, 3, 4, 5, 7, 10, 14, 20, 30, 50, 100, 200, 500, 1000],
        values: (_, places) => places.map((place) => names[place] ?? ""),
      },
      { ...axis, size: 64, space: 44, values: (_, values) => values.map(format) },
    ],
    series: [
      {},
      ...lines.map((_, index) => ({
        stroke: () => colourOfLine(index),
        width: index ? 1.5 : 2.5,
        dash: index ? [6, 4] : [],
        points: {
          show: few && index === 0,
          size: 6,
          filter: (/** @type {UPlot} */ plot, /** @type {number} */ at, /** @type {boolean} */ all) =>
            all ? null : lonely(/** @type {(number | null)[]} */ (plot.data[at])),
        },
        spanGaps: false,
      })),
    ],
    hooks: {
      setCursor: [
        (self) => {
          const at = self.cursor.idx;
          if (self.cursor.event && at != null) seen.place(at);
        },
      ],
      setSelect: [
        (self) => {
          const { left, width, height, top } = self.select;
          if (width === 0) return;
          self.setSelect({ left, top, width: 0, height }, false);
          seen.range(self.posToIdx(left), self.posToIdx(left + width));
        },
      ],
    },
  };
}

/** @param {number | null} low @param {number | null} high @param {"zero" | "least"} from @param {number} [most] @returns {[number, number]} */
function rangeOf(low, high, from, most = Infinity) {
  if (low === null || high === null) return [0, 1];
  const room = Math.max((high - low) * 0.1, Math.abs(high) * 0.01, 0.01);
  return [from === "zero" ? 0 : Math.max(0, low - room), Math.min(most, high + room)];
}

/** @type {Promise<void> | null} */
let styled = null;

async function library() {
  /** @type {{ default: typeof import("uplot") }} */
  const { default: Plot } = await later("vendor/uplot.js");
  await (styled ??= sheetOf(new URL("../vendor/uplot.css", import.meta.url)));
  return Plot;
}

/** @param {URL} address @returns {Promise<void>} */
function sheetOf(address) {
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = address.href;
  return new Promise((resolve, reject) => {
    sheet.onload = () => resolve();
    sheet.onerror = () => {
      sheet.remove();
      styled = null; // the next one asks again
      reject(new Problem(0, "unreachable", ""));
    };
    document.head.append(sheet);
  });
}

/** A token's colour as the canvas takes it: in this theme, of this moment. @param {HTMLElement} area @param {string} name */
function colourOf(area, name) {
  const before = area.style.color;
  area.style.color = `var(${name})`;
  const colour = getComputedStyle(area).color;
  area.style.color = before;
  return colour;
}

const darkness = matchMedia("(prefers-color-scheme: dark)");

function useDark() {
  const [dark, setDark] = useState(darkness.matches);
  useEffect(() => {
    const look = () => setDark(darkness.matches);
    darkness.addEventListener("change", look);
    return () => darkness.removeEventListener("change", look);
  }, []);
  return dark;
}
