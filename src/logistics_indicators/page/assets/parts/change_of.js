/** How a figure changed against the period before: its sign, its arrow and its colour say the same. */

import { html } from "../html.js";
import { NOTHING, signed } from "../format.js";

/**
 * @param {{ value: number | null | undefined, digits?: number, unit?: string, better?: "up" | "down" | "neither" }} props
 */
export function ChangeOf({ value, digits = 0, unit = "", better = "up" }) {
  if (value === null || value === undefined) return html`<span class="quiet">${NOTHING}</span>`;
  const direction = Math.sign(Number(value.toFixed(digits)));
  const arrow = ["▼", "■", "▲"][direction + 1];
  const wished = { up: 1, down: -1, neither: 0 }[better];
  const tone = direction === 0 || wished === 0 ? "quiet" : direction === wished ? "good" : "bad";
  return html`<span class=${tone}><span aria-hidden="true">${arrow} </span>${signed(value, digits)}${unit}</span>`;
}
