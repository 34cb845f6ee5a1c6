/** What was done, by whom and from where; the newest first. */

import { language } from "../../choices.js";
import { instant, zoneName } from "../../format.js";
import { html } from "../../html.js";
import { Listing } from "../../parts/listing.js";
import { Loading } from "../../parts/loading.js";
import { More } from "../../parts/more.js";
import { Problems } from "../../parts/problems.js";
import { Typed, valueOf } from "../../parts/typed.js";
import { change } from "../../route.js";
import { common, textsOf } from "../../texts.js";
import { ACTIONS, actOf, detailOf } from "./acts.js";
import { usePages } from "./pages.js";

/** @typedef {import("api").components["schemas"]["AuditEntry"]} Entry */

const text = textsOf({
  pt: {
    title: "O que foi feito",
    all: "Todos os atos",
    when: "Quando ({zone})",
    what: "O quê",
    who: "Quem",
    from: "De onde",
    detail: "Detalhe",
    user: "Usuário",
  },
  en: {
    title: "What was done",
    all: "All acts",
    when: "When ({zone})",
    what: "What",
    who: "Who",
    from: "From",
    detail: "Detail",
    user: "User",
  },
});
const COLUMNS = /** @type {const} */ (["when", "what", "who", "from", "detail"]);

/** @param {{ params: URLSearchParams }} props */
export function Audit({ params }) {
  const query = { limit: 50, username: params.get("username"), action: params.get("action") };
  /** @type {ReturnType<typeof usePages<Entry>>} */
  const { rows, problem, more, again } = usePages("v1/audit", "audit", query);
  return html`
    <div class="row">
      <label class="field">
        <span>${text("user")}</span>
        <${Typed}
          name="username"
          placeholder=${common("all")}
          value=${params.get("username") ?? ""}
          done=${(/** @type {string} */ username) => change({ username })}
        />
      </label>
      <${Act} chosen=${params.get("action") ?? ""} />
    </div>
    <p class="on-paper">${narrowedWords(params)}</p>
    <${Problems} problem=${problem} again=${again} />
    ${rows &&
    html`<${Listing}
      name=${text("title")}
      titles=${COLUMNS.map((name) => ({ title: text(name, { zone: zoneName() }) }))}
    >
      ${rows.map(
        (entry) =>
          html`<tr key=${entry.id}>
            <td>${instant(entry.happened_at)}</td>
            <td>${actOf(entry.action)}</td>
            <td>${entry.username ?? "–"}</td>
            <td>${entry.address ?? "–"}</td>
            <td class="clip" title=${detailOf(entry.detail)}>${detailOf(entry.detail)}</td>
          </tr>`,
      )}
    <//>`}
    ${!rows && !problem && html`<${Loading} />`}
    ${rows?.length === 0 && html`<p class="quiet">${common("nothing")}</p>`}
    ${more && html`<${More} more=${more} n=${rows?.length ?? 0} />`}
  `;
}

/** Whose acts, and which, in words. @param {URLSearchParams} params */
function narrowedWords(params) {
  const action = params.get("action");
  return [params.get("username") ?? "", action ? actOf(action) : text("all")].filter(Boolean).join(" · ");
}

/** @param {{ chosen: string }} props */
function Act({ chosen }) {
  const { compare } = new Intl.Collator(language.get());
  const known = ACTIONS.map((action) => ({ action, words: actOf(action) }));
  known.sort((one, other) => compare(one.words, other.words));
  return html`<label class="field">
    <span>${text("what")}</span>
    <select
      name="action"
      value=${chosen}
      onChange=${(/** @type {Event} */ event) => change({ action: valueOf(event) })}
    >
      <option value="">${text("all")}</option>
      ${known.map(({ action, words }) => html`<option key=${action} value=${action}>${words}</option>`)}
    </select>
  </label>`;
}
