/** Where a filter has a name that no visit ever had, and so nothing is found: names near to it, a click away. */

import { OF_VISITS, one } from "../dimensions.js";
import { html } from "../html.js";
import { change } from "../route.js";
import { textsOf } from "../texts.js";

/** @typedef {Partial<Record<typeof OF_VISITS[number], string[]>>} Near */

const text = textsOf({
  pt: { unknown: "{of}: não há “{name}”. Será um destes?" },
  en: { unknown: "{of}: there is no “{name}”. Is it one of these?" },
});

/** @param {{ params: URLSearchParams, near: Near | null | undefined }} props near: `sugestoes` of the answer */
export function NearNames({ params, near }) {
  const some = OF_VISITS.filter((by) => near?.[by]?.length && params.has(by));
  return html`<div role="status" class=${some.length ? "stack" : "visually-hidden"}>
    ${some.map(
      (by) =>
        html`<p key=${by} class="notice fair row">
          <span>${text("unknown", { of: one(by), name: params.get(by) ?? "" })}</span>
          ${near?.[by]?.map(
            (name) => html`<button key=${name} class="slim" onClick=${() => change({ [by]: name })}>${name}</button>`,
          )}
        </p>`,
    )}
  </div>`;
}
