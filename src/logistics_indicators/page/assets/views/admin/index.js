/** Administration: accounts, what was done by whom, the calendar, and the health of the service. */

import { html } from "../../html.js";
import { linkTo } from "../../route.js";
import { may } from "../../session.js";
import { textsOf } from "../../texts.js";
import { Audit } from "./audit.js";
import { Calendar } from "./calendar.js";
import { Health } from "./health.js";
import { Users } from "./users.js";

const text = textsOf({
  pt: {
    title: "Administração",
    parts: "Partes",
    users: "Usuários",
    audit: "Auditoria",
    calendar: "Calendário",
    health: "Saúde",
    not_yours: "Só administradores veem esta tela.",
  },
  en: {
    title: "Administration",
    parts: "Parts",
    users: "Users",
    audit: "Audit",
    calendar: "Calendar",
    health: "Health",
    not_yours: "This view is for admins.",
  },
});

const PARTS = /** @type {const} */ ({ users: Users, audit: Audit, calendar: Calendar, health: Health });
const NAMES = /** @type {(keyof typeof PARTS)[]} */ (Object.keys(PARTS));

/** @param {{ params: URLSearchParams }} props */
export function Admin({ params }) {
  const name = NAMES.find((each) => each === params.get("part")) ?? "users";
  if (!may("admin"))
    return html`<h1>${text("title")}</h1>
      <p class="notice fair">${text("not_yours")}</p>`;
  return html`
    <h1>${text("title")}</h1>
    <nav class="row" aria-label=${text("parts")}>
      ${NAMES.map(
        (each) =>
          html`<a
            key=${each}
            class="button"
            aria-current=${each === name ? "page" : null}
            href=${linkTo("admin", { part: each })}
            >${text(each)}</a
          >`,
      )}
    </nav>
    <section class="stack" aria-label=${text(name)}>
      <h2>${text(name)}</h2>
      <${PARTS[name]} params=${params} />
    </section>
  `;
}
