// The end of what is connected from this browser: the farms know no single session (WA-104).

import * as api from "./api.js";
import { announce, button, el } from "./dom.js";
import { Note } from "./note.js";
import { show } from "./words.js";

/** Two buttons and their result. */
export class SessionEnds {
  #disconnect = button("disconnectHere", () => this.#end("Disconnect"));
  #logOff = button("logOffHere", () => this.#confirm());
  #keep = button("keep", () => this.#unconfirm(), { hidden: true });
  #result = new Note("note");

  constructor(settings, context) {
    this.settings = settings;
    this.context = context;
    this.element = el(
      "div",
      { className: "ends", role: "group", "aria-labelledby": "ends-label" },
      el("p", { id: "ends-label", t: "connectedHere" }),
      el("div", { className: "tools" }, this.#disconnect, this.#logOff, this.#keep),
      this.#result.element,
    );
    this.element.hidden = !settings.control.canEnd;
  }

  /** A log off loses unsaved work, so the button has to be pressed twice. */
  #confirm() {
    if (this.#keep.hidden) {
      this.#keep.hidden = false;
      this.#logOff.classList.add("danger");
      show(this.#logOff, "logOffSure");
      announce("logOffSure");
    } else {
      this.#unconfirm();
      this.#end("LogOff");
    }
  }

  #unconfirm() {
    if (document.activeElement === this.#keep) this.#logOff.focus({ preventScroll: true });
    this.#keep.hidden = true;
    this.#logOff.classList.remove("danger");
    show(this.#logOff, "logOffHere");
  }

  async #end(action) {
    const isDisconnect = action === "Disconnect";
    const { disconnectUrl, logOffUrl } = this.settings;
    this.#result.say("busy", "ending");
    try {
      const status = await api.endSessions(isDisconnect ? disconnectUrl : logOffUrl);
      const keys = {
        success: `ended${action}`,
        partial: "endedPartial",
        failure: "endedFailure",
      };
      this.#result.say(status === "success" ? "good" : "bad", keys[status]);
      if (status === "success") this.context.ended(isDisconnect);
    } catch (error) {
      this.#result.fail(error);
      if (error instanceof api.SignInNeeded) this.context.signInNeeded();
    }
  }
}
