/** Names with a bar each; a bar may carry an interval: where the true share lies. */

import { html } from "../html.js";

/**
 * @typedef {{ name: string, value: number, words: import("../html.js").Children, href?: string, low?: number, high?: number, tone?: string }} Bar
 * value, low, high: of 100
 */

/** @param {{ bars: readonly Bar[], label: string, mark?: number | null }} props mark: a line across all bars */
export function Bars({ bars, label, mark }) {
  return html`<ul class="bars" aria-label=${label}>
    ${bars.map(
      ({ name, value, words, href, low, high, tone = "good" }) => html`
        <li key=${name}>
          ${href
            ? html`<a class="name" href=${href} title=${name}>${name}</a>`
            : html`<span class="name" title=${name}>${name}</span>`}
          <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" class=${tone}>
            <rect x="0" y="1" width="100" height="8" fill="var(--line)" opacity="0.5" />
            <rect x="0" y="1" width=${value} height="8" fill="currentColor" />
            ${mark &&
            html`<path
              d="M${mark} 0V10"
              stroke="var(--ink)"
              stroke-dasharray="2 2"
              vector-effect="non-scaling-stroke"
            />`}
            ${low !== undefined &&
            high !== undefined &&
            html`<path
              d="M${low} 5H${high}M${low} 2V8M${high} 2V8"
              stroke="var(--ink)"
              stroke-width="1.5"
              vector-effect="non-scaling-stroke"
              fill="none"
            />`}
          </svg>
          <span class="number">${words}</span>
        </li>
      `,
    )}
  </ul>`;
}

/**
 * Better or worse than the whole, where the interval leaves no doubt.
 *
 * @param {{ sla_minimo: number, sla_maximo: number }} rank
 * @param {number} whole
 */
export const toneOf = (rank, whole) => (rank.sla_maximo < whole ? "bad" : rank.sla_minimo > whole ? "good" : "quiet");
