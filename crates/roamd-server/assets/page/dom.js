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

/** A link to another site, which opens beside the page. */
export const outwardLink = (t, href, options = {}) =>
  el("a", { t, href, target: "_blank", rel: "noopener noreferrer", ...options });

export const byId = (id) => document.getElementById(id);

/** How long a text stays in the live region, in milliseconds: later it may not be true any more. */
const SAID = 5000;

/** Says a text to assistive technology, without moving the focus. */
export function announce(key, values) {
  const said = el("p", { textContent: text(key, values) });
  byId("live").append(said);
  setTimeout(() => said.remove(), SAID);
}

/** Clears the announcements of the previous view. */
export const silence = () => byId("live").replaceChildren();

/** Moves an element to the end of another one. What has the focus in it keeps it. */
export function move(element, parent) {
  const focused = document.activeElement;
  parent.append(element);
  if (element.contains(focused)) focused.focus({ preventScroll: true });
}

/** Removes an element. If it has the focus, `heir` gets it, so that it is not lost. */
export function remove(element, heir) {
  if (element.contains(document.activeElement)) heir.focus({ preventScroll: true });
  element.remove();
}
