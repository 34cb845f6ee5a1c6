/** One visit: its customer, whether it was on time, and the loads that brought and changed it. */

import { useData } from "../../data.js";
import { OF_VISITS, one } from "../../dimensions.js";
import { day, instantOf, moment, NOTHING } from "../../format.js";
import { Fragment, html, useId, useRef } from "../../html.js";
import { useModal } from "../../parts/focus.js";
import { Loading } from "../../parts/loading.js";
import { Problems } from "../../parts/problems.js";
import { change, linkTo } from "../../route.js";
import { common, textsOf } from "../../texts.js";
import { Outcome } from "./outcome.js";

/** @typedef {import("api").components["schemas"]["Service"]} Visit */
/** @typedef {import("api").components["schemas"]["Customer"]} Customer */
/** @typedef {import("api").components["schemas"]["Origin"]} Origin */

const text = textsOf({
  pt: {
    title: "Atendimento {id}",
    outcome: "Resultado",
    mail: "E-mail",
    phone: "Telefone",
    came: "Como chegou",
    brought: "Trazido por",
    changed: "Última alteração",
    unnamed: "sem nome de arquivo",
    load: "carga {id}, {file}, de {user}, {at}",
    by_hand: "à mão",
    never: "nenhuma",
    one_by_one: "cadastro avulso",
    others: "Outros atendimentos deste cliente",
  },
  en: {
    title: "Visit {id}",
    outcome: "Outcome",
    mail: "E-mail",
    phone: "Phone",
    came: "How it came",
    brought: "Brought by",
    changed: "Last change",
    unnamed: "no file name",
    load: "load {id}, {file}, by {user}, {at}",
    by_hand: "by hand",
    never: "none",
    one_by_one: "entered one by one",
    others: "Other visits of this customer",
  },
});

/** @param {{ id: string }} props */
export function Detail({ id }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const heading = useId();
  /** @type {import("../../data.js").Answered<Visit>} */
  const { data: visit, problem, again } = useData(`v1/services/${encodeURIComponent(id)}`);
  /** @type {import("../../data.js").Answered<Customer>} */
  const { data: customer } = useData(visit ? `v1/customers/${visit.id_cliente}` : null);
  /** @type {import("../../data.js").Answered<Origin>} */
  const { data: origin } = useData(visit ? `v1/services/${visit.id}/origin` : null);
  useModal(dialog);
  return html`<dialog ref=${dialog} aria-labelledby=${heading} onClose=${() => change({ visit: null })}>
    <div class="stack">
      <div class="row spread">
        <h2 id=${heading}>${text("title", { id })}</h2>
        <button onClick=${() => dialog.current?.close()}>${common("close")}</button>
      </div>
      <${Problems} problem=${problem} again=${again} />
      ${visit && html`<${Facts} visit=${visit} />`} ${customer && html`<${CustomerFacts} customer=${customer} />`}
      ${origin && html`<${Came} origin=${origin} />`} ${!visit && !problem && html`<${Loading} />`}
    </div>
  </dialog>`;
}

/** @param {{ visit: Visit }} props */
const Facts = ({ visit }) =>
  html`<dl class="facts">
    <dt>${text("outcome")}</dt>
    <dd><${Outcome} visit=${visit} /></dd>
    <dt>${common("deadline")}</dt>
    <dd>${day(visit.data_limite)}</dd>
    <dt>${common("attended")}</dt>
    <dd>${moment(visit.data_de_atendimento)}</dd>
    ${OF_VISITS.map(
      (by) =>
        html`<${Fragment} key=${by}
          ><dt>${one(by)}</dt>
          <dd>${visit[by] ?? NOTHING}</dd><//
        >`,
    )}
  </dl>`;

/** @param {{ customer: Customer }} props */
const CustomerFacts = ({ customer }) => html`
  <h3>${common("customer")}</h3>
  <dl class="facts">
    <dt>${customer.id}</dt>
    <dd>${customer.nome}</dd>
    <dt>${text("mail")}</dt>
    <dd>${customer.email}</dd>
    <dt>${text("phone")}</dt>
    <dd>${customer.telefone ?? "–"}</dd>
  </dl>
  <p><a href=${othersOf(customer)}>${text("others")}</a></p>
`;

/** @param {Customer} customer */
const othersOf = ({ id }) => linkTo("visits", { id_cliente: id });

/** @param {{ origin: Origin }} props */
const Came = ({ origin }) => html`
  <h3>${text("came")}</h3>
  <dl class="facts">
    <dt>${text("brought")}</dt>
    <dd>${origin.load ? html`<${LoadLink} load=${origin.load} />` : text("one_by_one")}</dd>
    <dt>${text("changed")}</dt>
    <dd>
      ${origin.update
        ? html`<${LoadLink} load=${origin.update} />`
        : text(origin.changed_by_hand ? "by_hand" : "never")}
    </dd>
  </dl>
`;

/** @param {{ load: NonNullable<Origin["load"]> }} props */
const LoadLink = ({ load: { id, filename, user, received_at } }) =>
  html`<a href=${linkTo("loads", { load: id })}
    >${text("load", { id, file: filename ?? text("unnamed"), user: user ?? "–", at: instantOf(received_at) })}</a
  >`;
