/** A small line without axes; what it shows is told beside it. */

import { html } from "../html.js";
import { lonely } from "./lonely.js";

const WIDTH = 160;
const HEIGHT = 36;

/** @param {{ values: readonly (number | null)[] }} props */
export function Spark({ values }) {
  const known = values.filter((value) => value !== null);
  if (known.length === 0) return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true"></svg>`;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (/** @type {number} */ place) => 3 + (place * (WIDTH - 6)) / Math.max(1, values.length - 1);
  const y = (/** @type {number} */ value) => HEIGHT - 3 - ((value - low) / (high - low || 1)) * (HEIGHT - 6);
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none" aria-hidden="true">
    <path
      d=${path(values, x, y)}
      fill="none"
      stroke="currentColor"
      stroke-width="2"
      vector-effect="non-scaling-stroke"
    />
    <path
      class="points"
      d=${lonely(values).reduce((drawn, at) => `${drawn}M${x(at).toFixed(1)} ${y(values[at] ?? low).toFixed(1)}h0`, "")}
      stroke="currentColor"
      vector-effect="non-scaling-stroke"
    />
  </svg>`;
}

/**
 * @param {readonly (number | null)[]} values
 * @param {(place: number) => number} x
 * @param {(value: number) => number} y
 */
function path(values, x, y) {
  let pen = "M";
  let drawn = "";
  values.forEach((value, place) => {
    if (value === null) pen = "M";
    else {
      drawn += `${pen}${x(place).toFixed(1)} ${y(value).toFixed(1)}`;
      pen = "L";
    }
  });
  return drawn;
}
