/** A card with a chart and its table, of which a switch in the address chooses one, and the way out as a file. */

import { html, useEffect, useRef, useState } from "../html.js";
import { printing } from "../printing.js";
import { change } from "../route.js";
import { useStore } from "../store.js";
import { common, textsOf } from "../texts.js";
import { useKeptFocus } from "./focus.js";
import { Loading } from "./loading.js";

const text = textsOf({ pt: { table_of: "{what}: tabela" }, en: { table_of: "{what}: table" } });

/** @param {URLSearchParams} params @param {string} name of the panel */
export const asTable = (params, name) => params.get(name) === "table";

/**
 * @param {{
 *   name: string,
 *   title: string,
 *   params: URLSearchParams,
 *   waiting?: boolean,
 *   empty?: boolean,
 *   tools?: import("../html.js").Children,
 *   children: import("../html.js").Children,
 *   inner?: { current: HTMLElement | null },
 *   wide?: boolean,
 * }} props
 * empty: no answer has come yet
 */
export function Panel({ name, title, params, waiting = false, empty = false, tools, children, inner, wide = false }) {
  const own = usePlace();
  const place = inner ?? own;
  useKeptFocus(place);
  const table = asTable(params, name);
  return html`<section class="card stack ${wide ? "across" : ""}" aria-label=${title} tabindex="-1" ref=${place}>
    <div class="row spread">
      <h2>${title}</h2>
      <div class="row ends">
        <button
          type="button"
          aria-pressed=${table ? "true" : "false"}
          aria-label=${text("table_of", { what: title })}
          onClick=${() => change({ [name]: table ? null : "table" }, { replace: true })}
        >
          ${common("table")}
        </button>
        ${tools}
      </div>
    </div>
    <div class="stack ${waiting ? "waiting" : ""}">${empty && html`<${Loading} />`}${children}</div>
  </section>`;
}

/**
 * Whether a panel is on the screen, near it, or on its way to paper: what is not seen is not asked for.
 *
 * @param {{ current: HTMLElement | null }} inner
 */
export function useSeen(inner) {
  const [seen, setSeen] = useState(false);
  const printed = useStore(printing);
  useEffect(() => {
    if (!inner.current) return;
    const watching = new IntersectionObserver(
      (entries) => setSeen(entries.some(({ isIntersecting }) => isIntersecting)),
      { rootMargin: "100px" },
    );
    watching.observe(inner.current);
    return () => watching.disconnect();
  }, []);
  return seen || printed;
}

/** A panel's place on the page. */
export const usePlace = () => useRef(/** @type {HTMLElement | null} */ (null));
