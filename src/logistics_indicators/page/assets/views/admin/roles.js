/** What a user may be. */

import { textsOf } from "../../texts.js";

export const ROLES = /** @type {const} */ (["viewer", "analyst", "admin"]);

export const roles = textsOf({
  pt: { viewer: "Leitor", analyst: "Analista", admin: "Administrador" },
  en: { viewer: "Viewer", analyst: "Analyst", admin: "Admin" },
});
