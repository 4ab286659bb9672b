// One session in the list, with its place, its state and its button.

import { button, el } from "./dom.js";
import { icon } from "./icons.js";
import { start } from "./status.js";
import { clear, show } from "./words.js";

let count = 0;

/** A session: `item` has its name, kind, icon, farm and addresses. */
export class SessionRow {
  #status = el("p", { className: "status" });
  #since = el("p", { className: "since" });

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
    this.element = el(
      "li",
      {},
      el("label", { className: "pick" }, this.box),
      icon(item),
      el(
        "div",
        { className: "what" },
        el("span", { className: "name", id, textContent: name }),
        el(
          "p",
          { className: "facts" },
          el("span", { t: item.isDesktop ? "desktop" : "application" }),
          el("span", { textContent: item.farm }),
        ),
        this.#since,
        this.#status,
      ),
      this.button,
    );
  }

  /**
   * Shows where the session is: `here`, `elsewhere` or `disconnected`. `since` names a text with
   * the time, if the session has just come there.
   */
  put(place, since) {
    this.place = place;
    this.element.className = place;
    this.box.checked = false;
    this.box.disabled = place === "here";
    this.#status.replaceChildren();
    if (since) show(this.#since, since, { time: new Date() });
    else clear(this.#since);
    show(this.button, place === "here" ? "reopen" : "bring");
  }

  /** Brings the session here. */
  async bring(context) {
    this.box.checked = false;
    if (await start(this.item, this.#status, this.button, context)) this.put("here", "hereSince");
  }
}
