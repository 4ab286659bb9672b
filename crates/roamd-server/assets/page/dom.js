// Elements, and what the page says aloud. Texts from outside are always text nodes.

import { name, show, text } from "./words.js";

/**
 * Makes an element. `t` is the key of its text and `v` the values of that, `label` the key of its
 * accessible name, `on` its listeners; other options are properties, or attributes with a hyphen.
 */
export function el(tag, options = {}, ...children) {
  const element = document.createElement(tag);
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (option === "t") show(element, value, options.v);
    else if (option === "label") name(element, value, options.v);
    else if (option === "on") {
      for (const [event, listener] of Object.entries(value))
        element.addEventListener(event, listener);
    } else if (option.includes("-") || option === "role") element.setAttribute(option, value);
    else if (option !== "v") element[option] = value;
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

/** A button with a text. */
export const button = (t, click, options = {}) =>
  el("button", { type: "button", t, on: { click }, ...options });

export const byId = (id) => document.getElementById(id);

/** Says a text to assistive technology, without moving the focus. */
export function announce(key, values) {
  const live = byId("live");
  // The same text twice is a change only if the first one is gone.
  live.textContent = "";
  setTimeout(() => (live.textContent = text(key, values)), 50);
}

/** Removes an element. If it has the focus, `heir` gets it, so that it is not lost. */
export function remove(element, heir) {
  if (element.contains(document.activeElement)) heir?.focus({ preventScroll: true });
  element.remove();
}
