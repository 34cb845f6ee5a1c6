/** Signing in: alone, or over a view whose session has ended. */

import { html, useEffect, useRef, useState } from "../html.js";
import { Action, focusEmpty, isTyping, useModal, useSilence } from "../parts/focus.js";
import { Languages } from "../parts/languages.js";
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
    docs: "API e documentação",
  },
  en: {
    title: "Sign in",
    username: "User name",
    password: "Password",
    wrong: "Wrong user name or password.",
    docs: "API and docs",
  },
});

/** @param {{ why?: string, over?: boolean }} props */
export function SignIn({ why, over }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const typing = useRef(over && isTyping());
  useModal(dialog, Boolean(over));
  useSilence(dialog, Boolean(typing.current));
  useEffect(() => {
    if (typing.current)
      dialog.current?.querySelector("h1")?.focus(); // what is typed blindly goes into no field
    else if (over)
      focusEmpty(dialog.current); // the dialog gives it to its first field
    else document.title = `${text("title")} · ${common("name")}`;
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
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const password = useRef(/** @type {HTMLInputElement | null} */ (null));
  useEffect(() => focusEmpty(form.current), []);
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    const given = new FormData(/** @type {HTMLFormElement} */ (event.target));
    setBusy(true);
    setWrong(""); // the same words are read out again
    try {
      await signIn(String(given.get("username")), String(given.get("password")));
    } catch (problem) {
      const unknown = problem instanceof Error && "status" in problem && problem.status === 401;
      setWrong(unknown ? text("wrong") : wordsOf(problem));
      setBusy(false);
      password.current?.select();
    }
  }
  return html`
    <form class="stack" onSubmit=${submit} ref=${form}>
      <h1 id="sign-in" tabindex="-1">${over(why)}</h1>
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
        />
      </label>
      <label class="field">
        <span>${text("password")}</span>
        <input
          name="password"
          type="password"
          autocomplete="current-password"
          aria-invalid=${wrong ? "true" : null}
          aria-describedby="refused"
          required
          ref=${password}
        />
      </label>
      <p role="alert" class="bad" id="refused">${wrong}</p>
      <${Action} class="main" off=${busy}>${text("title")}<//>
    </form>
  `;
}

/** @param {string | undefined} why */
const over = (why) => (why ? text("title") : common("name"));

const Foot = () => html`<div class="row spread small"><${Languages} /><a href="docs">${text("docs")}</a></div>`;
