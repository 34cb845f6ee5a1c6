/** The states of Brazil, a tile each, where they lie. Each says its value; the colour says it again. */

import { html } from "../html.js";
import { UFS } from "../ufs.js";

/** @typedef {{ words: string, title: string, tone: string, href: string, chosen?: boolean }} Tile */

/**
 * @param {{ label: string, tileOf: (uf: string, name: string) => Tile, legend: readonly { tone: string, words: string }[] }} props
 * tone: a class of page.css
 */
export function Tiles({ label, tileOf, legend }) {
  return html`
    <ul class="tiles" aria-label=${label}>
      ${UFS.map(({ uf, name, column, line }) => {
        const { words, title, tone, href, chosen } = tileOf(uf, name);
        return html`<li key=${uf} style=${{ gridColumn: column, gridRow: line }}>
          <a class=${tone} href=${href} title=${title} aria-label=${title} aria-current=${chosen ? "true" : null}>
            <b>${uf}</b><span>${words}</span>
          </a>
        </li>`;
      })}
    </ul>
    <ul class="legend small">
      ${legend.map(({ tone, words }) => html`<li key=${tone}><i class=${tone}></i>${words}</li>`)}
    </ul>
  `;
}
