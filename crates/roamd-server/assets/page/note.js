// A status line, also announced to assistive technology.

import { announce, el } from "./dom.js";
import { describe, sentenceOf } from "./problems.js";
import { clear, show } from "./words.js";

export class Note {
  #className;

  /** A hidden line. Its class gets another one with each text: the kind of that. */
  constructor(className) {
    this.#className = className;
    this.element = el("p", { hidden: true });
  }

  /** Shows a text. Its kind is empty, or one of `busy`, `good`, `warn` and `bad`. */
  show(kind, key, values) {
    this.#open(kind);
    show(this.element, key, values);
  }

  /** Shows a text that is news for the user. */
  say(kind, key, values) {
    this.show(kind, key, values);
    announce(key, values);
  }

  /** Says what went wrong, with buttons beside it. */
  fail(error, ...buttons) {
    this.#open("bad");
    clear(this.element);
    this.element.append(...describe(error), ...buttons);
    announce(sentenceOf(error));
  }

  hide() {
    this.element.hidden = true;
  }

  #open(kind) {
    this.element.hidden = false;
    this.element.className = `${this.#className} ${kind}`;
  }
}
