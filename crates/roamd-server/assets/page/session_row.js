// One session in the list, with its state and its button.

import { button, el } from "./dom.js";
import { icon } from "./icons.js";
import { start } from "./status.js";
import { show } from "./words.js";

let count = 0;

/** A session: `item` has its name, farm and addresses, and kind and icon if they are known. */
export class SessionRow {
  isHere = false;
  #status = el("p", { className: "status" });
  #state = el("p", { className: "state", t: "elsewhere" });

  constructor(item, { chosen, bring }) {
    this.item = item;
    const { name } = item;
    const id = `session-${(count += 1)}`;
    this.box = el("input", {
      type: "checkbox",
      label: "select",
      v: { name },
      on: { change: chosen },
    });
    this.button = button("bring", () => bring(this), { "aria-describedby": id });
    const isKnown = item.isDesktop !== undefined;
    const kind = isKnown ? el("span", { t: item.isDesktop ? "desktop" : "application" }) : null;
    const farm = item.farm ? el("span", { textContent: item.farm }) : null;
    this.element = el(
      "li",
      {},
      el("label", { className: "pick" }, this.box),
      icon(item),
      el(
        "div",
        { className: "what" },
        el("span", { className: "name", id, textContent: name }),
        el("p", { className: "facts" }, kind, farm),
        this.#state,
        this.#status,
      ),
      this.button,
    );
  }

  /** Whether this is the session of an item: by its address, else by its name and farm. */
  is({ url, name, farm }) {
    return this.item.url === url || (this.item.name === name && this.item.farm === farm);
  }

  /** Brings the session here. */
  async bring(context) {
    this.box.checked = false;
    if (await start(this.item, this.#status, this.button, context)) this.here();
  }

  /** The session was opened on this device. */
  here() {
    this.isHere = true;
    this.#status.replaceChildren();
    show(this.#state, "hereSince", { time: new Date() });
    this.element.classList.add("here");
    show(this.button, "reopen");
  }

  /** The session was disconnected from this device. */
  disconnected() {
    this.isHere = false;
    this.element.classList.remove("here");
    show(this.#state, "disconnected");
    show(this.button, "bring");
  }
}
