/** Where each step of the history was scrolled to, so that the way back leads to the place that was left. */

const PATIENCE_MS = 15_000;
const OWN_WILL = /** @type {const} */ (["wheel", "touchstart", "pointerdown", "keydown"]);

/** @type {Map<string, number>} */
const places = new Map();
let steps = 0;
let current = stepOf();
/** Where it was left: the browser, too, goes there, in the view before, which may be shorter. */
let left = 0;
/** Ends what is being waited for. */
let stop = () => {};

addEventListener("scroll", () => places.set(current, scrollY), { passive: true });
addEventListener("popstate", () => {
  if (!places.has(current)) places.set(current, scrollY);
  current = stepOf();
  left = places.get(current) ?? 0;
});

/** The step that is shown; a new one gets a name. @returns {string} */
function stepOf() {
  const { step = `${performance.timeOrigin} ${steps++}` } = history.state ?? {};
  history.replaceState({ ...history.state, step }, "");
  return step;
}

/** To where this step was left, as soon as the view is that long; to the top where it was never seen. */
export function scrollToPlace() {
  stop();
  const wanted = left;
  const sizes = new ResizeObserver(() => {
    scrollTo(0, wanted);
    if (Math.abs(scrollY - wanted) < 1) stop();
  });
  const timer = setTimeout(() => stop(), PATIENCE_MS);
  stop = () => {
    clearTimeout(timer);
    sizes.disconnect();
    for (const act of OWN_WILL) removeEventListener(act, stop);
    stop = () => {};
  };
  for (const act of OWN_WILL) addEventListener(act, stop, { passive: true });
  scrollTo(0, wanted);
  sizes.observe(document.body);
}
