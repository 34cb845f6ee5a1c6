/** Signing in: alone, or over a view whose session has ended. */

import { language } from "../choices.js";
import { html, useEffect, useRef, useState } from "../html.js";
import { Action, focusEmpty } from "../parts/focus.js";
import { wordsOf } from "../parts/problems.js";
import { session, signIn } from "../session.js";
import { common, textsOf } from "../texts.js";
import { NewPassword } from "./new_password.js";

const text = textsOf({
  pt: {
    title: "Entrar",
    username: "Usuário",
    password: "Senha",
    wrong: "Usuário ou senha incorretos.",
    other: "English",
    docs: "API e documentação",
  },
  en: {
    title: "Sign in",
    username: "User name",
    password: "Password",
    wrong: "Wrong user name or password.",
    other: "Português",
    docs: "API and docs",
  },
});

/** @param {{ why?: string, over?: boolean }} props */
export function SignIn({ why, over }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  useEffect(() => {
    if (over) {
      dialog.current?.showModal();
      focusEmpty(dialog.current); // the dialog gives it to its first field
    } else document.title = `${text("title")} · ${common("name")}`;
  }, [over]);
  if (over) {
    /** @param {Event} event */
    const stay = (event) => event.preventDefault();
    return html`<dialog ref=${dialog} aria-labelledby="sign-in" onCancel=${stay}><${Form} why=${why} /></dialog>`;
  }
  return html`<main class="alone">
    <div class="card stack"><${Form} /><${NewPassword} /></div>
    <${Foot} />
  </main>`;
}

/** @param {{ why?: string }} props */
function Form({ why }) {
  const [wrong, setWrong] = useState("");
  const [busy, setBusy] = useState(false);
  const first = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => focusEmpty(first.current?.form), []);
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.target));
    setBusy(true);
    try {
      await signIn(String(form.get("username")), String(form.get("password")));
    } catch (problem) {
      const unknown = problem instanceof Error && "status" in problem && problem.status === 401;
      setWrong(unknown ? text("wrong") : wordsOf(problem));
      setBusy(false);
      first.current?.select();
    }
  }
  return html`
    <form class="stack" onSubmit=${submit}>
      <h1 id="sign-in">${over(why)}</h1>
      ${why && html`<p>${why}</p>`}
      <label class="field">
        <span>${text("username")}</span>
        <input
          name="username"
          autocomplete="username"
          autocapitalize="none"
          defaultValue=${session.get().user?.username ?? ""}
          spellcheck=${false}
          required
          ref=${first}
        />
      </label>
      <label class="field">
        <span>${text("password")}</span>
        <input name="password" type="password" autocomplete="current-password" required />
      </label>
      <p role="alert" class="bad">${wrong}</p>
      <${Action} class="main" off=${busy}>${text("title")}<//>
    </form>
  `;
}

/** @param {string | undefined} why */
const over = (why) => (why ? text("title") : common("name"));

function Foot() {
  const swap = () => language.set(language.get() === "pt" ? "en" : "pt");
  return html`<p class="row spread small">
    <button class="plain" onClick=${swap}>${text("other")}</button><a href="docs">${text("docs")}</a>
  </p>`;
}
