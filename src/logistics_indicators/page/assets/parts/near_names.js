/** Where a filter has a name that no visit ever had, and so nothing is found: names near to it, a click away. */

import { DIMENSIONS, OF_VISITS, one } from "../dimensions.js";
import { html } from "../html.js";
import { change } from "../route.js";
import { textsOf } from "../texts.js";
import { ufsLike } from "../ufs.js";

/** @typedef {Partial<Record<typeof OF_VISITS[number], string[]>>} Near */

const text = textsOf({
  pt: { unknown: "{of}: não há “{name}”. Será um destes?" },
  en: { unknown: "{of}: there is no “{name}”. Is it one of these?" },
});

/** @param {{ params: URLSearchParams, near: Near | null | undefined }} props near: `sugestoes` of the answer */
export function NearNames({ params, near }) {
  const uf = params.get("uf") ?? "";
  /** @type {Partial<Record<import("../dimensions.js").Dimension, string[]>>} */
  const names = { ...near, uf: ufsLike(uf).filter((letters) => letters !== uf) };
  const some = DIMENSIONS.filter((by) => names[by]?.length && params.has(by));
  return html`<div role="status" class=${some.length ? "stack" : "visually-hidden"}>
    ${some.map(
      (by) =>
        html`<p key=${by} class="notice fair row not-on-paper">
          <span>${text("unknown", { of: one(by), name: params.get(by) ?? "" })}</span>
          ${names[by]?.map(
            (name) => html`<button key=${name} class="slim" onClick=${() => change({ [by]: name })}>${name}</button>`,
          )}
        </p>`,
    )}
  </div>`;
}
