/** Where each step of the history was scrolled to, so that the way back leads to the place that was left. */

/** How long a view may grow in all, and how long between two pieces once the place is reached. */
const [PATIENCE_MS, SETTLING_MS] = [15_000, 2_000];
/** What a reader does who wants to go elsewhere. */
export const OWN_WILL = /** @type {const} */ (["wheel", "touchstart", "pointerdown", "keydown"]);

/**
 * A place is told by the panel at the top of the screen, for the panels above it may be shorter on the way back: who is
 * not seen asks for nothing. tables: how far each is scrolled that is not at its top. pressed: the link that led away.
 *
 * @typedef {{ top: number; panel?: string; below?: number; tables?: Map<string, number>; pressed?: string | null }} Place
 */

/** @type {Place} */
const TOP = { top: 0 };

/** @type {Map<string, Place>} */
const places = new Map();
let steps = 0;
let current = stepOf();
/** Where it was left: the browser, too, goes there, in the view before, which may be shorter. */
let left = TOP;
/** On the way to a place: where one is by then is not where the step was left. */
let underWay = false;
/** Ends what is being waited for. */
let stop = () => {};

// What is scrolled within the page does not bubble.
addEventListener("scroll", () => underWay || places.set(current, here()), { passive: true, capture: true });
addEventListener("popstate", () => {
  places.set(current, { ...(places.get(current) ?? here()), pressed: hrefOf(document.querySelector("main a:focus")) });
  current = stepOf();
  left = places.get(current) ?? TOP;
});

/** The step that is shown; a new one gets a name. @returns {string} */
function stepOf() {
  const { step = `${performance.timeOrigin} ${steps++}` } = history.state ?? {};
  history.replaceState({ ...history.state, step }, "");
  return step;
}

/** @returns {HTMLElement[]} */
const panels = () => [...document.querySelectorAll(/** @type {"section"} */ ("main section[aria-label]"))];

/** @param {HTMLElement} [panel] */
const nameOf = (panel) => panel?.getAttribute("aria-label") ?? undefined;

/** @param {Element | null} element */
const hrefOf = (element) => element?.getAttribute("href");

/** Who goes on by keyboard goes on there. @param {string | null} [href] @returns {boolean} Is there nothing to wait for? */
function focusOn(href) {
  const { activeElement: now } = document;
  if (!href || (now !== document.body && now?.id !== "content")) return true;
  const link = [...document.querySelectorAll(/** @type {"a"} */ ("main a"))].find((each) => hrefOf(each) === href);
  link?.focus({ preventScroll: true });
  return link !== undefined;
}

/** @returns {Place} */
function here() {
  const first = panels().find((panel) => panel.getBoundingClientRect().bottom > 0);
  const tables = new Map();
  for (const table of document.querySelectorAll("main .table"))
    if (table.scrollTop) tables.set(table.getAttribute("aria-label"), table.scrollTop);
  return { top: scrollY, panel: nameOf(first), below: first?.getBoundingClientRect().top, tables };
}

/**
 * Where a table was left in the step that is shown; told once, and after that its top.
 *
 * @param {string} name
 */
export function takePlaceIn(name) {
  const top = left.tables?.get(name) ?? 0;
  left = { ...left, tables: new Map([...(left.tables ?? [])].filter(([each]) => each !== name)) };
  return top;
}

/** Scrolls to a place, as far as the view is long enough by now. @param {Place} place @returns {boolean} Is it there? */
function goTo({ top, panel, below = 0 }) {
  const found = panel ? panels().find((each) => nameOf(each) === panel) : null;
  const wanted = found ? scrollY + found.getBoundingClientRect().top - below : top;
  scrollTo(0, wanted);
  return found !== undefined && Math.abs(scrollY - wanted) < 1;
}

/** To where this step was left, for as long as the view grows; to the top where it was never seen. */
export function scrollToPlace() {
  stop();
  const wanted = left;
  if (wanted.top <= 0 && !wanted.pressed) return scrollTo(0, 0);
  const end = performance.now() + PATIENCE_MS;
  let timer = 0;
  const hold = () => {
    clearTimeout(timer);
    const rest = end - performance.now();
    timer = setTimeout(() => stop(), goTo(wanted) && focusOn(wanted.pressed) ? Math.min(SETTLING_MS, rest) : rest);
  };
  const sizes = new ResizeObserver(hold);
  underWay = true;
  stop = () => {
    clearTimeout(timer);
    sizes.disconnect();
    for (const act of OWN_WILL) removeEventListener(act, stop);
    underWay = false;
    stop = () => {};
  };
  hold();
  for (const act of OWN_WILL) addEventListener(act, stop, { passive: true });
  sizes.observe(document.body);
}
