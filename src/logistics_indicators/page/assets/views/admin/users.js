/** Accounts: who there is, in which role, active or not; a new one, and a one-time token for a lost password. */

import { call } from "../../api.js";
import { instant, zoneName } from "../../format.js";
import { html, useRef, useState } from "../../html.js";
import { focusRefused } from "../../parts/focus.js";
import { Listing } from "../../parts/listing.js";
import { More } from "../../parts/more.js";
import { Loading } from "../../parts/loading.js";
import { note } from "../../parts/notes.js";
import { Problems, wordsOf } from "../../parts/problems.js";
import { valueOf } from "../../parts/typed.js";
import { session } from "../../session.js";
import { useStore } from "../../store.js";
import { common, textsOf } from "../../texts.js";
import { ROLES, roles } from "./roles.js";
import { usePages } from "./pages.js";

/** @typedef {import("api").components["schemas"]["ManagedUser"]} ManagedUser */
/** @typedef {{ username: string, token: string }} Reset */

const text = textsOf({
  pt: {
    users: "Contas",
    username: "Usuário",
    email: "E-mail",
    role: "Papel",
    active: "Ativo",
    since: "Desde ({zone})",
    password: "Senha inicial",
    add: "Criar conta",
    new: "Nova conta",
    reset: "Senha perdida",
    reset_of: "Código de {name}, para usar uma vez. Não será mostrado de novo:",
    role_of: "Papel de {name}",
    active_of: "{name} ativo",
    changed: "{name}: alterado.",
    made: "{name}: conta criada.",
    you: "(você)",
  },
  en: {
    users: "Accounts",
    username: "User name",
    email: "E-mail",
    role: "Role",
    active: "Active",
    since: "Since ({zone})",
    password: "First password",
    add: "Make the account",
    new: "New account",
    reset: "Lost password",
    reset_of: "One-time code of {name}. It is not shown again:",
    role_of: "Role of {name}",
    active_of: "{name} active",
    changed: "{name}: changed.",
    made: "{name}: account made.",
    you: "(you)",
  },
});

const COLUMNS = /** @type {const} */ (["username", "email", "role", "active", "since"]);

export function Users() {
  /** @type {ReturnType<typeof usePages<ManagedUser>>} */
  const { rows, problem, more, again } = usePages("v1/users", "users", { limit: 100 });
  const [reset, setReset] = useState(/** @type {Reset | null} */ (null));
  const [turn, setTurn] = useState(0);
  /** @param {ManagedUser} user @param {Record<string, unknown>} body */
  async function edit(user, body) {
    try {
      await call("PATCH", `v1/users/${user.id}`, { body });
      note(text("changed", { name: user.username }));
    } catch (wrong) {
      note(wordsOf(wrong), "bad");
      setTurn((before) => before + 1); // the fields show again what is
    }
    again();
  }
  /** @param {ManagedUser} user */
  async function lost(user) {
    try {
      /** @type {{ reset_token: string }} */
      const { reset_token: token } = await call("POST", `v1/users/${user.id}/password-reset`);
      setReset({ username: user.username, token });
    } catch (wrong) {
      note(wordsOf(wrong), "bad");
    }
  }
  return html`
    <${Problems} problem=${problem} again=${again} />
    ${reset &&
    html`<p class="notice fair" role="status">
      ${text("reset_of", { name: reset.username })} <code class="token">${reset.token}</code>
      <button onClick=${() => setReset(null)}>${common("close")}</button>
    </p>`}
    ${!rows && !problem && html`<${Loading} />`}
    ${rows &&
    html`<${Listing}
      name=${text("users")}
      titles=${[
        ...COLUMNS.map((name) => ({ title: text(name, { zone: zoneName() }) })),
        { title: text("reset"), unseen: true },
      ]}
    >
      ${rows.map((user) => html`<${OneUser} key=${`${user.id} ${turn}`} user=${user} edit=${edit} lost=${lost} />`)}
    <//>`}
    ${more && html`<${More} more=${more} n=${rows?.length ?? 0} />`}
    <${NewUser} made=${again} />
  `;
}

/** @param {{ user: ManagedUser, edit: (user: ManagedUser, body: Record<string, unknown>) => void, lost: (user: ManagedUser) => void }} props */
function OneUser({ user, edit, lost }) {
  const me = useStore(session).user?.id === user.id;
  const name = user.username;
  return html`<tr>
    <th scope="row">${name} ${me && html`<span class="quiet">${text("you")}</span>`}</th>
    <td>${user.email}</td>
    <td>
      <select
        aria-label=${text("role_of", { name })}
        value=${user.role}
        disabled=${me}
        onChange=${(/** @type {Event} */ event) => edit(user, { role: valueOf(event) })}
      >
        ${ROLES.map((role) => html`<option value=${role}>${roles(role)}</option>`)}
      </select>
    </td>
    <td>
      <input
        type="checkbox"
        aria-label=${text("active_of", { name })}
        checked=${user.active}
        disabled=${me}
        onChange=${() => edit(user, { active: !user.active })}
      />
    </td>
    <td>${instant(user.created_at)}</td>
    <td><button class="slim" disabled=${me} onClick=${() => lost(user)}>${text("reset")}</button></td>
  </tr>`;
}

/** @param {{ made: () => void }} props */
function NewUser({ made }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [wrong, setWrong] = useState("");
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    if (!form.current) return;
    const body = Object.fromEntries(new FormData(form.current));
    try {
      await call("POST", "v1/users", { body });
      note(text("made", { name: String(body.username) }));
      form.current.reset();
      setWrong("");
      made();
    } catch (problem) {
      setWrong(wordsOf(problem));
      focusRefused(form.current, problem);
    }
  }
  return html`<form class="card stack" ref=${form} onSubmit=${submit} aria-label=${text("new")}>
    <h3>${text("new")}</h3>
    <div class="row">
      <label class="field"><span>${text("username")}</span><input name="username" required autocomplete="off" /></label>
      <label class="field"
        ><span>${text("email")}</span><input name="email" type="email" required autocomplete="off"
      /></label>
      <label class="field">
        <span>${text("password")}</span><input name="password" type="password" required autocomplete="new-password" />
      </label>
      <label class="field">
        <span>${text("role")}</span>
        <select name="role">
          ${ROLES.map((role) => html`<option value=${role} selected=${role === "analyst"}>${roles(role)}</option>`)}
        </select>
      </label>
    </div>
    ${wrong && html`<p class="notice bad" role="alert">${wrong}</p>`}
    <p><button class="main">${text("add")}</button></p>
  </form>`;
}
