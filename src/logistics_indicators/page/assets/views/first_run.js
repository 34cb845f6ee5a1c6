/** An empty service explains itself: its first account is made here, and is its admin. */

import { call, get } from "../api.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { Action, focusEmpty, focusRefused } from "../parts/focus.js";
import { Languages } from "../parts/languages.js";
import { wordsOf } from "../parts/problems.js";
import { signIn } from "../session.js";
import { textsOf } from "../texts.js";

/** @typedef {{ first_account: boolean, registration: "open" | "closed" }} Setup */

const text = textsOf({
  pt: {
    title: "Bem-vindo",
    about: "Este serviço ainda não tem contas. A primeira é a do administrador.",
    username: "Usuário",
    email: "E-mail",
    password: "Senha",
    rule: "De 8 a 128 caracteres; as senhas comuns são recusadas.",
    make: "Criar a conta e entrar",
    docs: "API e documentação",
  },
  en: {
    title: "Welcome",
    about: "This service has no account yet. The first one is its admin's.",
    username: "User name",
    email: "E-mail",
    password: "Password",
    rule: "8 to 128 characters; common ones are refused.",
    make: "Make the account and sign in",
    docs: "API and docs",
  },
});

/**
 * What the service says of itself before anyone is signed in.
 *
 * @param {string} state of the session
 * @returns {[Setup | null, () => void]}
 */
export function useSetup(state) {
  const [setup, setSetup] = useState(/** @type {Setup | null} */ (null));
  const look = () => {
    /** @type {Promise<Setup>} */
    const answer = get("v1/setup");
    answer.then(setSetup, () => setSetup({ first_account: false, registration: "closed" }));
  };
  useEffect(() => {
    if (state === "out") look();
  }, [state]);
  return [setup, look];
}

/** @param {{ done: () => void }} props */
export function FirstRun({ done }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  useEffect(() => focusEmpty(form.current), []);
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const account = Object.fromEntries(new FormData(/** @type {HTMLFormElement} */ (event.target)));
    setBusy(true);
    setWrong("");
    try {
      await call("POST", "v1/auth/register", { body: account });
      await signIn(String(account.username), String(account.password));
      done();
    } catch (problem) {
      setWrong(wordsOf(problem));
      setBusy(false);
      focusRefused(form.current, problem);
    }
  }
  return html`
    <main class="alone">
      <form class="card stack" onSubmit=${submit} ref=${form}>
        <h1>${text("title")}</h1>
        <p>${text("about")}</p>
        <label class="field">
          <span>${text("username")}</span>
          <input name="username" autocomplete="username" autocapitalize="none" required />
        </label>
        <label class="field">
          <span>${text("email")}</span>
          <input name="email" type="email" autocomplete="email" required />
        </label>
        <label class="field">
          <span>${text("password")}</span>
          <input name="password" type="password" autocomplete="new-password" aria-describedby="rule" required />
          <span id="rule" class="quiet small">${text("rule")}</span>
        </label>
        <p role="alert" class="bad">${wrong}</p>
        <${Action} class="main" off=${busy}>${text("make")}<//>
      </form>
      <div class="row spread small"><${Languages} /><a href="docs">${text("docs")}</a></div>
    </main>
  `;
}
