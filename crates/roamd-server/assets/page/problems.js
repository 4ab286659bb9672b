// What went wrong, in sentences that say what to do next.

import { el } from "./dom.js";
import { has } from "./words.js";

/** What went wrong with a launch. `key` names the sentence for the user. */
export class LaunchFailure extends Error {
  constructor(key, values) {
    super(key);
    this.key = has(key) ? key : "launchFailed";
    this.values = values;
  }
}

/** The name of the sentence for an error. */
export const sentenceOf = (error) => (has(error.key) ? error.key : "failed");

/** Shows an error in an element, in place of its text. */
export function showProblem(element, error, ...more) {
  delete element.dataset.t;
  element.replaceChildren(...describe(error), ...more);
}

/** The sentences for an error. */
export function describe(error) {
  const sentences = [el("span", { t: sentenceOf(error), v: error.values })];
  if (error.values?.restart) sentences.push(" ", el("span", { t: "restartHelps" }));
  return sentences;
}
