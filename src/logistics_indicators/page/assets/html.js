/** Preact with htm: everything that a part or a view is written with. */

import { Fragment, h, render } from "./vendor/preact.js";
import {
  useCallback,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "./vendor/hooks.js";
import htm from "./vendor/htm.js";

/** @typedef {import("preact").ComponentChildren} Children */

/**
 * A template has one root; several are a Fragment's children, which Preact draws as well.
 *
 * @type {(strings: TemplateStringsArray, ...values: unknown[]) => import("preact").VNode}
 */
const html = /** @type {never} */ (htm.bind(h));

export {
  Fragment,
  html,
  render,
  useCallback,
  useEffect,
  useErrorBoundary,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
};
