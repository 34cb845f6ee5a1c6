/** Loads: drop files, look at what they hold, load them, see what each did, and take one back. */

import { html, useEffect, useRef } from "../../html.js";
import { useKeptFocus } from "../../parts/focus.js";
import { common, textsOf } from "../../texts.js";
import { may } from "../../session.js";
import { useStore } from "../../store.js";
import { Drop } from "./drop.js";
import { History } from "./history.js";
import { OneItem } from "./item.js";
import { OneLoad } from "./one.js";
import { items, resumeKept, seeOtherTabs } from "./sending.js";

const text = textsOf({
  pt: { title: "Cargas", now: "Em andamento", back: "Todas as cargas" },
  en: { title: "Loads", now: "Under way", back: "All loads" },
});

/** @param {{ params: URLSearchParams }} props */
export function Loads({ params }) {
  const mine = useStore(items);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useKeptFocus(box);
  useEffect(() => {
    void resumeKept();
    addEventListener("focus", seeOtherTabs);
    return () => removeEventListener("focus", seeOtherTabs);
  }, []);
  const shown = params.get("load");
  if (shown !== null) return html`<${OneLoad} id=${shown} />`;
  return html`
    <h1>${text("title")}</h1>
    <div class="stack" tabindex="-1" ref=${box}>
      ${may("analyst") && html`<${Drop} />`}
      ${mine.length > 0 &&
      html`<section class="stack" aria-label=${text("now")}>
        <h2>${text("now")}</h2>
        ${mine.map((item) => html`<${OneItem} key=${item.id} item=${item} />`)}
      </section>`}
    </div>
    <${History} params=${params} />
    <p class="visually-hidden" role="status">${mine.some(({ step }) => step === "sending") ? common("loading") : ""}</p>
  `;
}
