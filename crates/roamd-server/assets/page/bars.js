// Bars at the lower edge. They do not move the content.

import { byId, el, remove } from "./dom.js";

/** Shows a bar. One that is there keeps its buttons, and so the focus. */
export function showBar(id, sentence, ...actions) {
  const known = byId(id);
  if (known) return known.querySelector("p").replaceWith(sentence);
  const tools = el("div", { className: "tools" }, ...actions);
  byId("bars").append(el("div", { id, className: "bar" }, sentence, tools));
}

export const isShown = (id) => byId(id) !== null;

export function hideBar(id) {
  const bar = byId(id);
  if (bar) remove(bar, byId("main"));
}

export const hideAllBars = () => byId("bars").replaceChildren();
