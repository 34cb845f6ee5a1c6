/** A short table whose rows a view draws itself: alike in every list, and scrolled sideways by keys where it is narrow. */

import { html } from "../html.js";

/** @typedef {{ title: import("../html.js").Children, number?: boolean, unseen?: boolean }} Title unseen: of a column of buttons, that only a reader aloud names */

/**
 * @param {{ name: string, titles: readonly Title[], captioned?: boolean, children: import("../html.js").Children }} props
 * name: of the list, which is also written above it where it is captioned
 */
export function Listing({ name, titles, captioned = false, children }) {
  return html`<div class="table" role="group" tabindex="0" aria-label=${name}>
    <table>
      <caption class=${captioned ? "" : "visually-hidden"}>
        ${name}
      </caption>
      <thead>
        <tr>
          ${titles.map(
            ({ title, number = false, unseen = false }, place) =>
              html`<th key=${place} scope="col" class=${number ? "number" : ""}>
                ${unseen ? html`<span class="visually-hidden">${title}</span>` : title}
              </th>`,
          )}
        </tr>
      </thead>
      <tbody>
        ${children}
      </tbody>
    </table>
  </div>`;
}
