/** Fields that somebody types into: what is typed stays, whatever is drawn again meanwhile. */

import { BOUNDS } from "../days.js";
import { html, useEffect, useRef, useState } from "../html.js";

/** @param {Event} event */
export const valueOf = (event) => /** @type {HTMLInputElement | HTMLSelectElement} */ (event.target).value;

/**
 * An input that shows `value` until somebody types, and is done when the text is complete: on Enter, or when it is left.
 * A day that is picked is complete at once; of one that is typed a browser says so at each key.
 *
 * @param {{ value: string, done: (typed: string) => void, [attribute: string]: unknown }} props
 */
export function Typed({ value, done, ...attributes }) {
  const [typed, setTyped] = useState(value);
  const told = useRef(value);
  const byKeys = useRef(false);
  const isDay = attributes.type === "date";
  useEffect(() => {
    if (value === told.current) return; // it was said here, and more may be typed by now
    told.current = value;
    setTyped(value);
  }, [value]);
  /** @param {Event} event */
  function complete(event) {
    const field = /** @type {HTMLInputElement} */ (event.target);
    const text = field.value.trim();
    byKeys.current = false;
    if (text === told.current || !(isDay ? field.validity.valid : field.reportValidity())) return;
    told.current = text;
    done(text);
  }
  /** @param {KeyboardEvent} event */
  function pressed(event) {
    if (event.key === "Enter") complete(event);
    else byKeys.current = isDay;
  }
  return html`<input
    ...${isDay ? BOUNDS : {}}
    ...${attributes}
    value=${typed}
    onInput=${(/** @type {Event} */ event) => setTyped(valueOf(event))}
    onChange=${(/** @type {Event} */ event) => byKeys.current || complete(event)}
    onKeyDown=${pressed}
    onBlur=${complete}
  />`;
}
