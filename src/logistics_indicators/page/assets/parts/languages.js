/** A switch between the languages, for who is not signed in yet: each is named in its own words. */

import { LANGUAGES, language } from "../choices.js";
import { html } from "../html.js";
import { textsOf } from "../texts.js";

const text = textsOf({ pt: { language: "Idioma" }, en: { language: "Language" } });
const NAMES = { pt: "Português", en: "English" };

export const Languages = () =>
  html`<div class="switch" role="group" aria-label=${text("language")}>
    ${LANGUAGES.map(
      (each) =>
        html`<button
          key=${each}
          type="button"
          lang=${each}
          aria-pressed=${each === language.get() ? "true" : "false"}
          onClick=${() => language.set(each)}
        >
          ${NAMES[each]}
        </button>`,
    )}
  </div>`;
