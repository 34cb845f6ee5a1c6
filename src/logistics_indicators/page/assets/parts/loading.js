/** What stands where an answer will be. */

import { html } from "../html.js";
import { common } from "../texts.js";

export const Loading = () => html`<p class="loading quiet" role="status">${common("loading")}</p>`;
