/** What the address says and the view does not understand: a filter that is passed over in silence shows too much. */

import { list } from "../format.js";
import { html } from "../html.js";
import { unreadOf } from "../scope.js";
import { textsOf } from "../texts.js";

const text = textsOf({
  pt: { unread: "Isto no endereço não foi entendido e não filtra nada: {said}." },
  en: { unread: "This in the address was not understood and filters nothing: {said}." },
});

/** @param {{ params: URLSearchParams, takes: import("../scope.js").Takes }} props */
export function Unread({ params, takes }) {
  const said = unreadOf(params, takes).map(([name, value]) => `${name}=${value}`);
  return said.length > 0 && html`<p class="notice bad" role="alert">${text("unread", { said: list(said) })}</p>`;
}
