/** What is around every view: the way to the others, the state of the link, who is signed in. */

import { LANGUAGES, language, THEMES, theme } from "./choices.js";
import { useRetried } from "./data.js";
import { instantOf } from "./format.js";
import { html, useEffect, useErrorBoundary, useLayoutEffect, useRef, useState } from "./html.js";
import { later } from "./later.js";
import { unsentRows } from "./leaving.js";
import { heardAt, link } from "./live.js";
import { useModal, wasPressed } from "./parts/focus.js";
import { Loading } from "./parts/loading.js";
import { closedFromOutside } from "./parts/menu.js";
import { useBar } from "./parts/narrow.js";
import { Notes, note } from "./parts/notes.js";
import { Problems } from "./parts/problems.js";
import { Problem } from "./problem.js";
import { linkTo, useRoute } from "./route.js";
import { keptScope, subjectOf } from "./scope.js";
import { scrollToPlace } from "./scroll.js";
import { may, resume, session, signOut } from "./session.js";
import { useStore } from "./store.js";
import { common, textsOf } from "./texts.js";
import { VIEWS } from "./views.js";
import { FirstRun, useSetup } from "./views/first_run.js";
import { underWay } from "./views/loads/shelf.js";
import { SignIn } from "./views/sign_in.js";
import { zone } from "./zone.js";

const text = textsOf({
  pt: {
    skip: "Ir para o conteúdo",
    views: "Telas",
    live: "Ao vivo",
    polling: "Consultando",
    away: "Sem contato",
    starting: "Conectando",
    heard: "Última resposta: {at}",
    language: "Idioma",
    theme: "Cores",
    auto: "Do sistema",
    light: "Claro",
    dark: "Escuro",
    contrast: "Alto contraste",
    pt: "Português",
    en: "English",
    sign_out: "Sair",
    everywhere: "Sair de todos os aparelhos",
    unsent: {
      one: "A sua edição de {n} linha não foi enviada",
      other: "As suas edições de {n} linhas não foram enviadas",
    },
    lost: "Sair agora as descarta. Em Correções elas podem ser enviadas antes.",
    sending: { one: "{n} arquivo ainda não chegou inteiro", other: "{n} arquivos ainda não chegaram inteiros" },
    cut: "Sair agora interrompe o envio e descarta o que já chegou.",
    discard: "Sair e descartar",
    api: "API e documentação",
    expired: "A sessão terminou. Entre de novo: nada do que está na tela se perde.",
    broken: "Esta tela teve um erro.",
    unknown: "Esta tela não existe",
    unknown_why: "O endereço não leva a nenhuma tela. Pode ter sido digitado ou copiado errado.",
    summary: "Ir para o resumo",
  },
  en: {
    skip: "Skip to content",
    views: "Views",
    live: "Live",
    polling: "Polling",
    away: "No contact",
    starting: "Connecting",
    heard: "Last answer: {at}",
    language: "Language",
    theme: "Colours",
    auto: "System",
    light: "Light",
    dark: "Dark",
    contrast: "High contrast",
    pt: "Português",
    en: "English",
    sign_out: "Sign out",
    everywhere: "Sign out everywhere",
    unsent: { one: "Your edit of {n} row was not sent", other: "Your edits of {n} rows were not sent" },
    lost: "To sign out now discards them. They can be sent before, under Mending.",
    sending: { one: "{n} file has not arrived as a whole", other: "{n} files have not arrived as a whole" },
    cut: "To sign out now stops them, and discards what has arrived.",
    discard: "Sign out and discard",
    api: "API and docs",
    expired: "Your session has ended. Sign in again: nothing on the screen is lost.",
    broken: "This view had an error.",
    unknown: "There is no such view",
    unknown_why: "The address leads to no view. It may have been mistyped, or copied in part.",
    summary: "Go to the summary",
  },
});

export function Frame() {
  const { state, user } = useStore(session);
  const [setup, look] = useSetup(state);
  useStore(language);
  useStore(theme);
  useStore(zone);
  if (state === "unknown") return html`<${Away} />`;
  if (user === null && state === "out" && setup === null) return html`<${Away} />`;
  if (user === null && setup?.first_account) return html`<${FirstRun} done=${look} />`;
  if (user === null && state === "out") return html`<${SignIn} /><${Notes} />`;
  return html`
    <${Shell} key=${user?.id /* for somebody else the views begin anew */} />
    ${state === "expired" && html`<${SignIn} why=${text("expired")} over />`}
    <${Notes} />
  `;
}

/** Before the service has said who we are; it is asked again until it answers. */
function Away() {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    const timer = setInterval(() => {
      setSlow(true);
      resume().catch(() => undefined);
    }, 2_000);
    return () => clearInterval(timer);
  }, []);
  return html`<div class="alone"><p role="status">${slow ? common("unreachable") : ""}</p></div>`;
}

/** Where the address names no view. @returns {import("preact").VNode} */
const Unknown = () => html`
  <section class="card stack">
    <h1>${text("unknown")}</h1>
    <p>${text("unknown_why")}</p>
    <p><a class="button main" href=${linkTo("summary")}>${text("summary")}</a></p>
  </section>
`;

/** @type {import("./views.js").View} */
const UNKNOWN = { name: "", title: () => text("unknown"), load: async () => Unknown, part: Unknown };

/** What was looked at last. @type {import("./scope.js").Scope} */
let scope = {};

function Shell() {
  const { view, params } = useRoute();
  const shown = VIEWS.find(({ name }) => name === view) ?? UNKNOWN;
  const content = useRef(/** @type {HTMLElement | null} */ (null));
  const subject = subjectOf(params);
  const seen = useRef({ view, subject });
  const title = `${shown.title()} · ${common("name")}`;
  useLayoutEffect(() => {
    // At once: a key that is pressed next is meant for the new view.
    document.title = title;
    const { current: before } = seen;
    if (before.view === view && before.subject === subject) return;
    seen.current = { view, subject };
    // Within a view, who is among its fields goes on there; a name that was pressed goes with what it was in.
    if (before.view !== view || wasPressed()) content.current?.focus({ preventScroll: true });
    scrollToPlace();
  }, [view, subject, title]);
  if (shown.bare) return html`<${Loaded} key=${shown.name} view=${shown} params=${params} />`;
  return html`
    <div class="frame">
      <a class="skip" href="#content" onClick=${skipTo(content)}>${text("skip")}</a>
      <header class="top">
        <a class="brand" href=${linkTo("summary")}><${Mark} /><span>${common("name")}</span></a>
        <${Views} shown=${shown} params=${params} />
        <${LinkState} />
        <${Menu} />
      </header>
      <main id="content" tabindex="-1" ref=${content}>
        <${Loaded} key=${shown.name} view=${shown} params=${params} />
      </main>
    </div>
  `;
}

/**
 * The way to the others, with the period and the filters that were looked at last; on a narrow screen a menu that is named
 * by the one that is shown.
 *
 * @param {{ shown: import("./views.js").View, params: URLSearchParams }} props
 */
function Views({ shown, params }) {
  if (shown.scoped) scope = keptScope(params);
  const inLine = useBar();
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  useEffect(() => closedFromOutside(menu), []);
  const close = () => {
    if (menu.current) menu.current.open = false;
  };
  const links = VIEWS.filter((each) => each.listed && may(each.role ?? "viewer")).map(
    ({ name, title, scoped }) =>
      html`<a
        key=${name}
        href=${linkTo(name, scoped ? scope : {})}
        aria-current=${name === shown.name ? "page" : null}
        onClick=${close}
        >${title()}</a
      >`,
  );
  return html`<nav class="views" aria-label=${text("views")}>
    ${inLine
      ? links
      : html`<details class="menu" ref=${menu}>
          <summary><span>${shown.title()}</span></summary>
          <div>${links}</div>
        </details>`}
  </nav>`;
}

/** @param {{ current: HTMLElement | null }} content */
const skipTo = (content) => (/** @type {Event} */ event) => {
  event.preventDefault();
  content.current?.focus();
};

/** @param {{ view: import("./views.js").View, params: URLSearchParams }} props */
function Loaded({ view, params }) {
  const [Part, setPart] = useState(() => view.part ?? null);
  const [problem, setProblem] = useState(/** @type {Problem | null} */ (null));
  const [error, reset] = useErrorBoundary((problem) => console.error(problem));
  const load = () => void view.load().then((loaded) => setPart(() => loaded), setProblem);
  useRetried(problem, load);
  useEffect(() => {
    if (Part === null) load();
  }, [view]);
  useEffect(() => reset(), [`${params}`]); // another address is another chance
  if (error) {
    return html`<div class="notice bad row spread" role="alert">
      <span>${text("broken")}</span><button onClick=${reset}>${common("again")}</button>
    </div>`;
  }
  if (Part === null && problem) return html`<${Problems} problem=${problem} again=${load} />`;
  return Part === null ? html`<${Loading} />` : html`<${Part} params=${params} />`;
}

function LinkState() {
  const state = useStore(link);
  const at = useStore(heardAt);
  const kind = { live: "good", polling: "fair", away: "bad", starting: "quiet" }[state];
  return html`<span class="link ${kind}" role="status" title=${at ? text("heard", { at: instantOf(at) }) : ""}>
    ${text(state)}
  </span>`;
}

/** @typedef {{ everywhere: boolean, files: readonly import("./views/loads/sending.js").Item[] }} Leaving */

function Menu() {
  const { user } = useStore(session);
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  useEffect(() => closedFromOutside(menu), []);
  const [asked, setAsked] = useState(/** @type {Leaving | null} */ (null));
  /** @param {boolean} everywhere */
  const ask = async (everywhere) => {
    const files = user ? await underWay(user.id) : [];
    if (unsentRows.get() > 0 || files.length > 0) setAsked({ everywhere, files });
    else await leave({ everywhere, files });
  };
  return html`
    <details class="menu" ref=${menu}>
      <summary title=${user?.username}><span>${user?.username}</span></summary>
      <div>
        <label class="field">
          <span>${text("language")}</span>
          <select value=${language.get()} onChange=${chosen(language)}>
            ${LANGUAGES.map((each) => html`<option value=${each}>${text(each)}</option>`)}
          </select>
        </label>
        <label class="field">
          <span>${text("theme")}</span>
          <select value=${theme.get()} onChange=${chosen(theme)}>
            ${THEMES.map((each) => html`<option value=${each}>${text(each)}</option>`)}
          </select>
        </label>
        <a class="button" href="docs">${text("api")}</a>
        <button onClick=${() => ask(false)}>${text("sign_out")}</button>
        <button onClick=${() => ask(true)}>${text("everywhere")}</button>
      </div>
    </details>
    ${asked && html`<${Unsent} leaving=${asked} close=${() => setAsked(null)} />`}
  `;
}

/** @param {Leaving} leaving */
async function leave({ everywhere, files }) {
  try {
    if (files.length > 0) {
      /** @type {typeof import("./views/loads/sending.js")} */
      const { drop } = await later("views/loads/sending.js");
      await Promise.all(files.map(drop));
    }
    await signOut(everywhere);
  } catch (problem) {
    note(problem instanceof Problem ? problem.message : String(problem), "bad");
  }
}

/** @param {{ leaving: Leaving, close: () => void }} props */
function Unsent({ leaving, close }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const rows = useStore(unsentRows);
  const { files } = leaving;
  useModal(dialog);
  return html`<dialog ref=${dialog} onClose=${close} aria-labelledby="unsent">
    <div class="stack">
      <div class="stack" id="unsent">
        ${rows > 0 &&
        html`<h2>${text("unsent", { n: rows })}</h2>
          <p>${text("lost")}</p>`}
        ${files.length > 0 &&
        html`<h2>${text("sending", { n: files.length })}</h2>
          <p>${text("cut")}</p>`}
      </div>
      <div class="row">
        <button class="danger" onClick=${() => (dialog.current?.close(), leave(leaving))}>${text("discard")}</button>
        <button autofocus onClick=${() => dialog.current?.close()}>${common("cancel")}</button>
      </div>
    </div>
  </dialog>`;
}

/**
 * @template {string} T
 * @param {import("./store.js").Store<T>} store
 */
const chosen = (store) => (/** @type {Event} */ event) => {
  store.set(/** @type {T} */ (/** @type {HTMLSelectElement} */ (event.target).value));
};

export const Mark = () => html`
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path
      fill="none"
      stroke="currentColor"
      stroke-width="2.5"
      stroke-linecap="round"
      d="M4 19V11M10 19V5M16 19v-6M22 19H2"
    />
  </svg>
`;
