/** Days that are no business days, or are: the official ones, and those that an admin adds. */

import { call } from "../../api.js";
import { useData } from "../../data.js";
import { BOUNDS } from "../../days.js";
import { one } from "../../dimensions.js";
import { day } from "../../format.js";
import { html, useRef, useState } from "../../html.js";
import { Listing } from "../../parts/listing.js";
import { note } from "../../parts/notes.js";
import { Problems, wordsOf } from "../../parts/problems.js";
import { Typed } from "../../parts/typed.js";
import { change } from "../../route.js";
import { textsOf } from "../../texts.js";
import { UFS } from "../../ufs.js";
import { today } from "../../zone.js";

/** @typedef {import("api").components["schemas"]["CalendarDayAnswer"]} Day */

const text = textsOf({
  pt: {
    days: "Dias do calendário",
    year: "Ano",
    day: "Dia",
    name: "Nome",
    where: "Onde",
    kind: "Tipo",
    source: "Fonte",
    official: "oficial",
    own: "própria",
    nation: "Brasil",
    add: "Acrescentar",
    remove: "Remover",
    remove_of: "Remover {name}",
    holiday: "Feriado",
    workday: "Dia útil",
    added: "Dia acrescentado: os indicadores já contam com ele.",
    removed: "Dia removido: os indicadores já contam com isso.",
    new: "Novo dia",
  },
  en: {
    days: "Days of the calendar",
    year: "Year",
    day: "Day",
    name: "Name",
    where: "Where",
    kind: "Kind",
    source: "Source",
    official: "official",
    own: "own",
    nation: "Brazil",
    add: "Add",
    remove: "Remove",
    remove_of: "Remove {name}",
    holiday: "Holiday",
    workday: "Business day",
    added: "Day added: the figures count with it already.",
    removed: "Day removed: the figures count with it already.",
    new: "New day",
  },
});

const COLUMNS = /** @type {const} */ (["day", "name", "where", "kind", "source"]);

/** @param {{ params: URLSearchParams }} props */
export function Calendar({ params }) {
  const year = params.get("ano") ?? today().slice(0, 4);
  /** @type {import("../../data.js").Answered<{ calendario: Day[] }>} */
  const { data, problem, again } = useData("v1/calendar", { ano: year });
  /** @param {Day} removed */
  async function remove(removed) {
    try {
      await call("DELETE", `v1/calendar/${removed.id}`);
      note(text("removed"));
    } catch (wrong) {
      note(wordsOf(wrong), "bad");
    }
    again();
  }
  return html`
    <label class="field narrow">
      <span>${text("year")}</span>
      <${Typed}
        type="number"
        name="ano"
        min="1990"
        max="2100"
        value=${year}
        done=${(/** @type {string} */ ano) => change({ ano })}
      />
    </label>
    <${Problems} problem=${problem} again=${again} />
    ${data &&
    html`<${Listing}
      name=${text("days")}
      titles=${[...COLUMNS.map((name) => ({ title: text(name) })), { title: text("remove"), unseen: true }]}
    >
      ${data.calendario.map((each) => html`<${OneDay} key=${each.id} day=${each} remove=${remove} />`)}
    <//>`}
    <${NewDay} made=${again} />
  `;
}

/** @param {{ day: Day, remove: (day: Day) => void }} props */
function OneDay({ day: each, remove }) {
  const where = each.polo ?? each.cidade ?? each.uf ?? text("nation");
  return html`<tr>
    <td>${day(each.day)}</td>
    <th scope="row">${each.name}</th>
    <td>${where}</td>
    <td>${text(each.kind === "add" ? "holiday" : "workday")}</td>
    <td class="quiet">${text(each.source === "oficial" ? "official" : "own")}</td>
    <td>
      <button class="slim" aria-label=${text("remove_of", { name: each.name })} onClick=${() => remove(each)}>
        ${text("remove")}
      </button>
    </td>
  </tr>`;
}

/** @param {{ made: () => void }} props */
function NewDay({ made }) {
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  const [wrong, setWrong] = useState("");
  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    if (!form.current) return;
    const given = Object.fromEntries([...new FormData(form.current)].filter(([, value]) => value !== ""));
    try {
      await call("POST", "v1/calendar", { body: given.uf ? given : { ...given, scope: "nacional" } });
      note(text("added"));
      form.current.reset();
      setWrong("");
      made();
    } catch (problem) {
      setWrong(wordsOf(problem));
    }
  }
  return html`<form class="card stack" ref=${form} onSubmit=${submit} aria-label=${text("new")}>
    <h3>${text("new")}</h3>
    <div class="row">
      <label class="field"><span>${text("day")}</span><input type="date" name="day" ...${BOUNDS} required /></label>
      <label class="field"><span>${text("name")}</span><input name="name" /></label>
      <label class="field">
        <span>${one("uf")}</span>
        <select name="uf">
          <option value="">${text("nation")}</option>
          ${UFS.map(({ uf, name }) => html`<option value=${uf}>${name}</option>`)}
        </select>
      </label>
    </div>
    ${wrong && html`<p class="notice bad" role="alert">${wrong}</p>`}
    <p><button class="main">${text("add")}</button></p>
  </form>`;
}
