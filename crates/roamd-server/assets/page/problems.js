// What went wrong, in sentences that say what to do next.

import { el } from "./dom.js";
import { clear } from "./words.js";

/** What went wrong with a launch. `key` names the sentence for the user. */
export class LaunchFailure extends Error {
  constructor(key, restartHelps = false) {
    super(key);
    this.key = key;
    this.restartHelps = restartHelps;
  }
}

/** The name of the sentence for an error. */
export const sentenceOf = (error) => error.key ?? "failed";

/** Shows an error in an element, in place of its text. */
export function showProblem(element, error, ...more) {
  clear(element);
  element.append(...describe(error), ...more);
}

/** The sentences for an error. */
export function describe(error) {
  const sentences = [el("span", { t: sentenceOf(error) })];
  if (error.restartHelps) sentences.push(" ", el("span", { t: "restartHelps" }));
  return sentences;
}
