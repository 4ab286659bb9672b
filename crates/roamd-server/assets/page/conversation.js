// A sign-in or a change of the password: one form after the other, until an end.

import * as api from "./api.js";
import { el } from "./dom.js";
import * as forms from "./forms.js";
import { Note } from "./note.js";

/** The conversation that was started last. */
let last = null;

/** Requests the form that is shown again: it comes from the server, in one language. */
export function changeLanguage() {
  if (last?.element.isConnected) return last.restart();
}

export class Conversation {
  /** The line above the form. */
  note = new Note("banner");
  #problem = new Note("banner");
  #place = el("div");
  #first;
  #resolve;
  #reject;
  /** Whether the user has sent a form. */
  hasSent = false;

  /** `first` requests the first form. */
  constructor(first, helpText) {
    this.#first = first;
    const help = helpText ? el("p", { className: "help", textContent: helpText }) : null;
    const notes = [this.note.element, this.#problem.element];
    this.element = el("div", { className: "entrance" }, ...notes, this.#place, help);
  }

  /** Shows the first form and those that follow. Returns the end, as `forms.read` does. */
  run(answer) {
    last = this;
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#step(answer);
    });
  }

  /** Shows the first form again. */
  restart() {
    return this.#ask(this.#first);
  }

  #step(answer) {
    const form = forms.read(answer);
    if (form.end) return this.#resolve(form);
    const submit = (fields) => {
      this.hasSent = true;
      this.#ask(() => api.postForm(form.postBack, fields));
    };
    const cancel = () => this.#ask(() => api.postForm(form.cancelPostBack));
    forms.replace(this.#place, forms.draw(form, submit, cancel));
  }

  /** Goes on with the answer to a request, one at a time. */
  async #ask(request) {
    const element = this.#place.firstElementChild;
    if (element.getAttribute("aria-busy") === "true") return;
    element.setAttribute("aria-busy", "true");
    this.#problem.hide();
    try {
      this.#step(await request());
    } catch (error) {
      if (error instanceof api.SignInNeeded) return this.#reject(error);
      element.removeAttribute("aria-busy");
      this.#problem.fail(error);
    }
  }
}
