// Bars at the lower edge. They do not move what is above them, and have room of their own below it.

import { byId, el, remove } from "./dom.js";

// What gets the focus is scrolled above the bars, however high their texts are.
new ResizeObserver(([{ borderBoxSize }]) => {
  const { blockSize } = borderBoxSize[0];
  document.documentElement.style.setProperty("--bars", `${blockSize}px`);
}).observe(byId("bars"));

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
