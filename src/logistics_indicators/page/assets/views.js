/** The views there are: their names in the address, who may see them, and where they are. All but the first come when asked for. */

import { later } from "./later.js";
import { textsOf } from "./texts.js";
import { Summary } from "./views/summary.js";

/** @typedef {(props: { params: URLSearchParams }) => import("preact").VNode} Part */
/**
 * @typedef {{
 *   name: string,
 *   title: () => string,
 *   load: () => Promise<Part>,
 *   part?: Part,
 *   role?: "viewer" | "analyst" | "admin",
 *   listed?: boolean,
 *   bare?: boolean,
 *   scoped?: boolean,
 * }} View
 * listed: it stands in the navigation. bare: it has the whole screen. scoped: it is of a period and filters
 */

const text = textsOf({
  pt: {
    summary: "Resumo",
    explore: "Explorar",
    visits: "Atendimentos",
    loads: "Cargas",
    mending: "Correções",
    wall: "Painel",
    admin: "Administração",
  },
  en: {
    summary: "Summary",
    explore: "Explore",
    visits: "Visits",
    loads: "Loads",
    mending: "Mending",
    wall: "Wall",
    admin: "Admin",
  },
});

/** @type {[View, ...View[]]} */
export const VIEWS = [
  {
    name: "summary",
    title: () => text("summary"),
    load: async () => Summary,
    part: Summary,
    listed: true,
    scoped: true,
  },
  {
    name: "explore",
    title: () => text("explore"),
    load: async () => (await later("views/explore/index.js")).Explore,
    scoped: true,
    listed: true,
  },
  {
    name: "visits",
    title: () => text("visits"),
    load: async () => (await later("views/visits/index.js")).Visits,
    scoped: true,
    listed: true,
  },
  {
    name: "loads",
    title: () => text("loads"),
    load: async () => (await later("views/loads/index.js")).Loads,
    listed: true,
  },
  {
    name: "mending",
    title: () => text("mending"),
    load: async () => (await later("views/mending/index.js")).Mending,
    listed: true,
  },
  {
    name: "wall",
    title: () => text("wall"),
    load: async () => (await later("views/wall.js")).Wall,
    scoped: true,
    listed: true,
    bare: true,
  },
  {
    name: "admin",
    title: () => text("admin"),
    load: async () => (await later("views/admin/index.js")).Admin,
    listed: true,
    role: "admin",
  },
];
