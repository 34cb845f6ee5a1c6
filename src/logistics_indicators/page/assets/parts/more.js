/** The way to more rows of a list, and on paper, where nothing is pressed, that there are more. */

import { Fragment, html } from "../html.js";
import { common, textsOf } from "../texts.js";

const text = textsOf({
  pt: { first: "Só as primeiras {n} linhas; há mais." },
  en: { first: "The first {n} rows only; there are more." },
});

/** @param {{ more: () => void, n: number }} props n: rows that are shown */
export const More = ({ more, n }) =>
  html`<${Fragment}>
    <p><button onClick=${more}>${common("more")}</button></p>
    <p class="on-paper">${text("first", { n })}</p>
  <//>`;
