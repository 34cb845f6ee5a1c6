/** Where files are dropped or chosen, and how they are to be loaded. */

import { hasFiles } from "../../dropped.js";
import { html, useEffect, useId, useState } from "../../html.js";
import { byOrder, ofAllKinds } from "../../kinds.js";
import { textsOf } from "../../texts.js";
import { kindOf } from "./kind.js";
import { add } from "./sending.js";

/** @typedef {import("./sending.js").Options} Options */

const text = textsOf({
  pt: {
    title: "Carregar arquivos",
    drop: "Solte aqui os arquivos {of_kinds}",
    formats: "CSV como veio, Excel (.xlsx), Parquet, NDJSON; gzip e zip também. Um ou vários de uma vez.",
    choose: "Escolher arquivos",
    look: "Conferir antes de gravar",
    update: "Atualizar o que já existe com outros valores",
    wait: "Atendimentos sem cliente esperam por ele",
    options: "Opções",
  },
  en: {
    title: "Load files",
    drop: "Drop the files {of_kinds} here",
    formats: "CSV as it came, Excel (.xlsx), Parquet, NDJSON; gzip and zip as well. One or several at once.",
    choose: "Choose files",
    look: "Check before anything is stored",
    update: "Update what is there with other values",
    wait: "Visits without a customer wait for it",
    options: "Options",
  },
});

export function Drop() {
  const [over, setOver] = useState(false);
  const [options, setOptions] = useState(
    /** @returns {Options} */ () => ({ on_conflict: "reject", unknown_customer: "reject", look: true }),
  );
  const field = useId();
  /** @param {Iterable<File>} files */
  async function take(files) {
    const kinds = await Promise.all([...files].map(async (file) => /** @type {const} */ ([file, await kindOf(file)])));
    kinds.sort(([, one], [, other]) => byOrder(one, other));
    add(kinds, options);
  }
  useEffect(() => {
    /** @param {DragEvent} event */
    function moved(event) {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(event.type === "dragover");
      if (event.type === "drop") void take(event.dataTransfer?.files ?? []);
    }
    const left = (/** @type {DragEvent} */ { relatedTarget }) => relatedTarget || setOver(false);
    // beside the card, too: who aims badly means the same
    document.addEventListener("dragover", moved);
    document.addEventListener("drop", moved);
    document.addEventListener("dragleave", left);
    return () => {
      document.removeEventListener("dragover", moved);
      document.removeEventListener("drop", moved);
      document.removeEventListener("dragleave", left);
    };
  });
  /** @param {Event} event */
  function chosen(event) {
    const input = /** @type {HTMLInputElement} */ (event.target);
    void take([...(input.files ?? [])]);
    input.value = "";
  }
  return html`
    <section class="card stack drop ${over ? "over" : ""}" aria-label=${text("title")}>
      <p><strong>${text("drop", { of_kinds: ofAllKinds() })}</strong></p>
      <p class="quiet small">${text("formats")}</p>
      <p>
        <label class="button main" for=${field}>${text("choose")}</label>
        <input class="visually-hidden" id=${field} type="file" multiple onChange=${chosen} />
      </p>
      <fieldset class="row">
        <legend class="visually-hidden">${text("options")}</legend>
        <${Choice}
          name="look"
          on=${options.look}
          set=${(/** @type {boolean} */ look) => setOptions({ ...options, look })}
        />
        <${Choice}
          name="update"
          on=${options.on_conflict === "update"}
          set=${(/** @type {boolean} */ on) => setOptions({ ...options, on_conflict: on ? "update" : "reject" })}
        />
        <${Choice}
          name="wait"
          on=${options.unknown_customer === "wait"}
          set=${(/** @type {boolean} */ on) => setOptions({ ...options, unknown_customer: on ? "wait" : "reject" })}
        />
      </fieldset>
    </section>
  `;
}

/** @param {{ name: "look" | "update" | "wait", on: boolean, set: (on: boolean) => void }} props */
function Choice({ name, on, set }) {
  const seen = (/** @type {Event} */ event) => set(/** @type {HTMLInputElement} */ (event.target).checked);
  return html`<label class="choice"
    ><input type="checkbox" name=${name} checked=${on} onChange=${seen} /> ${text(name)}</label
  >`;
}
