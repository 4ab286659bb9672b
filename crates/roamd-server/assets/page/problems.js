// What went wrong, in sentences that say what to do next.

import { el } from "./dom.js";

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

/** The sentences for an error. */
export function describe(error) {
  const sentences = [el("span", { t: sentenceOf(error) })];
  if (error.restartHelps) sentences.push(" ", el("span", { t: "restartHelps" }));
  return sentences;
}
