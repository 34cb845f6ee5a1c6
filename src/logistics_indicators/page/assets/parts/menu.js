/** What a menu does by itself: a `<details class="menu">` closes by Escape and by a click elsewhere. */

/** Escape and a click elsewhere close a menu. @param {{ current: HTMLDetailsElement | null }} menu */
export function closedFromOutside(menu) {
  /** @param {Event} event */
  const close = (event) => {
    const open = menu.current;
    if (!open?.open) return;
    if (event instanceof KeyboardEvent ? event.key !== "Escape" : open.contains(/** @type {Node} */ (event.target)))
      return;
    open.open = false;
    if (event instanceof KeyboardEvent) open.querySelector("summary")?.focus();
  };
  addEventListener("pointerdown", close);
  addEventListener("keydown", close);
  return () => {
    removeEventListener("pointerdown", close);
    removeEventListener("keydown", close);
  };
}
