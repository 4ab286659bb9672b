// A sign-in or a change of the password: one form after the other, until an end.

import * as api from "./api.js";
import { el } from "./dom.js";
import * as forms from "./forms.js";
import { Note } from "./note.js";

export class Conversation {
  /** The line above the form. */
  note = new Note("banner");
  #place = el("div");
  #resolve;
  #reject;
  /** Whether the user has sent a form. */
  hasSent = false;

  constructor(helpText) {
    const help = helpText ? el("p", { className: "help", textContent: helpText }) : null;
    this.element = el("div", { className: "entrance" }, this.note.element, this.#place, help);
  }

  /** Shows a form and those that follow. Returns the end, as `forms.read` does. */
  run(answer) {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#step(answer);
    });
  }

  #step(answer) {
    const form = forms.read(answer);
    if (form.end) return this.#resolve(form);
    const submit = (fields) => {
      this.hasSent = true;
      this.#post(form.postBack, fields);
    };
    forms.replace(
      this.#place,
      forms.draw(form, submit, () => this.#post(form.cancelPostBack)),
    );
  }

  async #post(url, fields) {
    const element = this.#place.firstElementChild;
    if (element.getAttribute("aria-busy") === "true") return;
    element.setAttribute("aria-busy", "true");
    try {
      this.#step(await api.postForm(url, fields));
    } catch (error) {
      if (error instanceof api.SignInNeeded) return this.#reject(error);
      element.removeAttribute("aria-busy");
      this.note.fail(error);
    }
  }
}
