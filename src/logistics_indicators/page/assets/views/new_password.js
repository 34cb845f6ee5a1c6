/** A lost password: the code that an admin handed out makes a new one, once. */

import { call } from "../api.js";
import { html, useRef, useState } from "../html.js";
import { Action, focusRefused } from "../parts/focus.js";
import { wordsOf } from "../parts/problems.js";
import { signIn } from "../session.js";
import { textsOf } from "../texts.js";

const text = textsOf({
  pt: {
    lost: "Perdeu a senha?",
    about: "O administrador dá um código, que vale uma vez.",
    username: "Usuário",
    code: "Código",
    password: "Senha nova",
    make: "Trocar a senha e entrar",
  },
  en: {
    lost: "Lost your password?",
    about: "The admin gives a code that works once.",
    username: "User name",
    code: "Code",
    password: "New password",
    make: "Change the password and sign in",
  },
});

export function NewPassword() {
  const [open, setOpen] = useState(false);
  const seen = (/** @type {Event} */ event) => setOpen(/** @type {HTMLDetailsElement} */ (event.target).open);
  return html`<details class="small" onToggle=${seen}>
    <summary>${text("lost")}</summary>
    ${open && html`<${Form} />`}
  </details>`;
}

function Form() {
  const place = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    /** @param {string} name */
    const given = (name) => String(form.get(name));
    setBusy(true);
    setWrong("");
    try {
      const body = { reset_token: given("code").trim(), new_password: given("new_password") };
      await call("POST", "v1/auth/password/reset", { body });
      await signIn(given("username"), body.new_password);
    } catch (problem) {
      setWrong(wordsOf(problem));
      setBusy(false);
      focusRefused(place.current, problem);
    }
  }
  return html`<form class="stack" onSubmit=${submit} ref=${place}>
    <p>${text("about")}</p>
    <label class="field">
      <span>${text("username")}</span>
      <input name="username" autocomplete="username" autocapitalize="none" spellcheck=${false} required />
    </label>
    <label class="field">
      <span>${text("code")}</span>
      <input name="code" autocomplete="one-time-code" autocapitalize="none" spellcheck=${false} required />
    </label>
    <label class="field">
      <span>${text("password")}</span>
      <input name="new_password" type="password" autocomplete="new-password" required />
    </label>
    <p role="alert" class="bad">${wrong}</p>
    <${Action} class="main" off=${busy}>${text("make")}<//>
  </form>`;
}
