/** The focus stays where the keyboard is: no update and no wait takes it away. */

import { html, useLayoutEffect } from "../html.js";
import { Problem } from "../problem.js";

/**
 * What has the focus may go with an update: then the box around it takes it, and the next key goes on from there.
 *
 * @param {{ current: HTMLElement | null }} box with a tabindex
 */
export function useKeptFocus(box) {
  const within = box.current?.contains(document.activeElement) ?? false;
  useLayoutEffect(() => {
    if (within && document.activeElement === document.body) box.current?.focus({ preventScroll: true });
  });
}

/**
 * A button that does nothing while it is off, and yet keeps the focus, which `disabled` would take from it.
 *
 * @param {{ off: boolean, onClick?: (event: Event) => void, class?: string, type?: string, children?: import("../html.js").Children }} props
 */
export function Action({ off, onClick, children, ...others }) {
  const pressed = (/** @type {Event} */ event) => (off ? event.preventDefault() : onClick?.(event));
  return html`<button ...${others} aria-disabled=${off ? "true" : null} onClick=${pressed}>${children}</button>`;
}

/**
 * The field that was refused takes the focus; where none is named, what had it keeps it.
 *
 * @param {HTMLFormElement | null} form @param {unknown} problem
 */
export function focusRefused(form, problem) {
  const names = problem instanceof Problem ? problem.errors.map(({ loc }) => String(loc.at(-1))) : [];
  const fields = [...(form?.querySelectorAll("input") ?? [])];
  fields.find(({ name }) => names.includes(name))?.focus();
}

/** The first field without a value takes the focus. @param {Element | null | undefined} place */
export function focusEmpty(place) {
  const fields = [...(place?.querySelectorAll("input") ?? [])];
  fields.find(({ value }) => !value)?.focus();
}
