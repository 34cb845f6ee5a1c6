/** What was done, by whom and from where; the newest first. */

import { moment } from "../../format.js";
import { html } from "../../html.js";
import { Problems } from "../../parts/problems.js";
import { valueOf } from "../../parts/scope_bar.js";
import { change } from "../../route.js";
import { common, textsOf } from "../../texts.js";
import { usePages } from "./pages.js";

/** @typedef {import("api").components["schemas"]["AuditEntry"]} Entry */

const text = textsOf({
  pt: { when: "Quando", what: "O quê", who: "Quem", from: "De onde", detail: "Detalhe", user: "Usuário" },
  en: { when: "When", what: "What", who: "Who", from: "From", detail: "Detail", user: "User" },
});
const COLUMNS = /** @type {const} */ (["when", "what", "who", "from", "detail"]);

/** @param {{ params: URLSearchParams }} props */
export function Audit({ params }) {
  const query = { limit: 50, username: params.get("username"), action: params.get("action") };
  /** @type {ReturnType<typeof usePages<Entry>>} */
  const { rows, problem, more, again } = usePages("v1/audit", "audit", query);
  return html`
    <label class="field narrow">
      <span>${text("user")}</span>
      <input
        name="username"
        placeholder=${common("all")}
        value=${params.get("username") ?? ""}
        onChange=${(/** @type {Event} */ event) => change({ username: valueOf(event).trim() })}
      />
    </label>
    <${Problems} problem=${problem} again=${again} />
    ${rows &&
    html`<div class="table">
      <table>
        <thead>
          <tr>
            ${COLUMNS.map((name) => html`<th scope="col">${text(name)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (entry) =>
              html`<tr key=${entry.id}>
                <td>${moment(entry.happened_at)}</td>
                <td>
                  <button class="plain" onClick=${() => change({ action: params.has("action") ? null : entry.action })}>
                    <code>${entry.action}</code>
                  </button>
                </td>
                <td>${entry.username ?? "–"}</td>
                <td>${entry.address ?? "–"}</td>
                <td class="clip" title=${wordsOf(entry.detail)}>${wordsOf(entry.detail)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`}
    ${rows?.length === 0 && html`<p class="quiet">${common("nothing")}</p>`}
    ${more && html`<p><button onClick=${more}>${common("more")}</button></p>`}
  `;
}

/** @param {Record<string, unknown>} detail */
const wordsOf = (detail) =>
  Object.entries(detail)
    .map(([name, value]) => `${name}: ${String(value)}`)
    .join(", ");
