/** Fields that somebody types into: what is typed stays, whatever is drawn again meanwhile. */

import { html, useEffect, useState } from "../html.js";

/** @param {Event} event */
export const valueOf = (event) => /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target).value;

/**
 * An input that shows `value` until somebody types, and is done when the text is complete: on Enter, or when it is left.
 *
 * @param {{ value: string, done: (typed: string) => void, [attribute: string]: unknown }} props
 */
export function Typed({ value, done, ...attributes }) {
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  return html`<input
    ...${attributes}
    value=${typed}
    onInput=${(/** @type {Event} */ event) => setTyped(valueOf(event))}
    onChange=${(/** @type {Event} */ event) => done(valueOf(event).trim())}
  />`;
}
