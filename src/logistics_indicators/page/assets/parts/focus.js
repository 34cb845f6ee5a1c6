/** The focus stays where the keyboard is: no update and no wait takes it away. */

import { html, useEffect, useLayoutEffect } from "../html.js";
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

/** @type {EventTarget | null} */
let pressed = null;
addEventListener("click", ({ target }) => (pressed = target), true);

/** Whether what has the focus was pressed last, or has gone since, so that a box took it. */
export function wasPressed() {
  const { activeElement: now, body } = document;
  if (now === null || now === body || now.matches("[tabindex='-1']:not(.cell)")) return true;
  return pressed instanceof Node && now.matches("a, button") && now.contains(pressed);
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

/**
 * A dialog that is open as long as it is drawn, over everything else. What had the focus has it again afterwards, however
 * the dialog ends: the browser sees to that only where it is closed, and not where it goes with what drew it.
 *
 * @param {{ current: HTMLDialogElement | null }} dialog
 * @param {boolean} [open]
 */
export function useModal(dialog, open = true) {
  useEffect(() => {
    if (!open) return;
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => queueMicrotask(() => focusAgain(before)); // the page is inert as long as the dialog is there
  }, [open]);
}

/** Whether the next key is meant for a field, or for a cell of a sheet. */
export const isTyping = () => document.activeElement?.matches("input, textarea, td") ?? false;

const PAUSE_MS = 1_000;

/**
 * Who types while a dialog comes has not seen it yet: no key does anything in it until the typing pauses.
 *
 * @param {{ current: HTMLDialogElement | null }} dialog
 * @param {boolean} typing
 */
export function useSilence(dialog, typing) {
  useEffect(() => {
    const box = dialog.current;
    if (!typing || !box) return;
    let until = performance.now() + PAUSE_MS;
    const pressed = (/** @type {KeyboardEvent} */ event) => {
      if (performance.now() > until) return;
      until = performance.now() + PAUSE_MS;
      event.preventDefault();
      event.stopPropagation();
    };
    box.addEventListener("keydown", pressed, true);
    return () => box.removeEventListener("keydown", pressed, true);
  }, [typing]);
}

/** @param {Element | null} before */
function focusAgain(before) {
  if (document.activeElement !== document.body) return;
  const goesOn = before?.isConnected && before !== document.body ? before : document.getElementById("content");
  if (goesOn instanceof HTMLElement) goesOn.focus({ preventScroll: true });
}

/** The first field without a value takes the focus. @param {Element | null | undefined} place */
export function focusEmpty(place) {
  const fields = [...(place?.querySelectorAll("input") ?? [])];
  fields.find(({ value }) => !value)?.focus();
}
