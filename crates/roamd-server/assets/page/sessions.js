// The sessions of the user: what this page opened here, and what waits elsewhere.

import * as api from "./api.js";
import { announce, button, el } from "./dom.js";
import { sentenceOf, showProblem } from "./problems.js";
import { SessionEnds } from "./session_ends.js";
import { SessionRow } from "./session_row.js";
import { show } from "./words.js";

/**
 * The section of the sessions. The farms are asked only when the page has signed the user in or the
 * user presses a button (WA-98).
 */
export class Sessions {
  #rows = [];
  #find = button("find", () => this.#ask(false));
  #note = el("p", { className: "note", t: "notAsked" });
  #question = el("div", { className: "question", hidden: true });
  #list = el("ul", { className: "rows", hidden: true });
  #all = button("bringAll", () => this.#bring(this.#chosen()), { className: "primary" });
  #why = button("why", () => this.#explain(), { className: "link", "aria-expanded": "false" });
  #answer = el("div", { className: "explanation", hidden: true });

  constructor(settings, context) {
    this.settings = settings;
    this.context = context;
    this.#find.hidden = this.#note.hidden = !settings.control.canReconnect;
    this.#all.hidden = true;
    const ended = (isDisconnect) => this.#ended(isDisconnect);
    const heading = el("h2", { id: "sessions-heading", t: "sessions" });
    this.element = el(
      "section",
      { className: "sessions", "aria-labelledby": "sessions-heading" },
      el("div", { className: "head" }, heading, this.#find),
      this.#note,
      this.#question,
      this.#list,
      this.#all,
      new SessionEnds(settings, { ...context, ended }).element,
      this.#why,
      this.#answer,
    );
  }

  /** What happens after a sign-in on this page (WA-113). */
  signedIn() {
    if (this.settings.control.atSignIn) return this.#ask(true);
  }

  /** Shows a session that this page has just opened. */
  opened(item) {
    const row = this.#rows.find((row) => row.item.url === item.url) ?? this.#add(item);
    row.here();
    this.#draw();
  }

  /** Asks the user first if the question to the farms has an effect, then the farms. */
  #ask(bringsAll) {
    if (!this.settings.listDisconnects) return this.#look(bringsAll);
    const answer = (isYes) => () => {
      const hadFocus = this.#question.contains(document.activeElement);
      this.#question.hidden = true;
      if (hadFocus) this.#find.focus({ preventScroll: true });
      if (isYes) this.#look(bringsAll);
    };
    const yes = button(bringsAll ? "askOpen" : "askYes", answer(true), { className: "primary" });
    this.#question.replaceChildren(
      el("h3", { t: "askTitle" }),
      el("p", { t: "askText" }),
      el("div", { className: "tools" }, yes, button("askNo", answer(false))),
    );
    this.#question.hidden = false;
    announce("askText");
  }

  async #look(bringsAll) {
    if (this.#find.getAttribute("aria-busy") === "true") return;
    this.#find.setAttribute("aria-busy", "true");
    this.#say("finding", "busy");
    try {
      const { entries, missing } = await api.sessions(this.settings.sessionsUrl);
      this.context.missing("sessions", missing);
      show(this.#find, "findAgain");
      this.#merge(entries);
      const count = entries.length;
      this.#say(count ? "found" : "noSessions", "", { count });
    } catch (error) {
      this.#note.hidden = false;
      this.#note.className = "note bad";
      showProblem(this.#note, error);
      announce(sentenceOf(error));
      if (error instanceof api.SignInNeeded) this.context.signInNeeded();
      return;
    } finally {
      this.#find.removeAttribute("aria-busy");
    }
    if (bringsAll) await this.#bring(this.#away());
  }

  #say(key, kind, values) {
    this.#note.hidden = false;
    this.#note.className = `note ${kind}`;
    show(this.#note, key, values);
    announce(key, values);
  }

  /** Shows the sessions that a list has. What it has is not here any more. */
  #merge(entries) {
    const listed = entries.map((entry) => ({
      name: entry.initialapp,
      farm: entry.publishername,
      url: entry.launchurl,
      statusUrl: entry.launchstatusurl,
      ...this.context.resource(entry.initialapp, entry.publishername),
    }));
    this.#rows = this.#rows.filter((row) => row.isHere && !listed.some((it) => row.is(it)));
    for (const item of listed) this.#add(item);
    this.#draw();
  }

  #add(item) {
    const row = new SessionRow(item, {
      chosen: () => this.#drawAll(),
      bring: (row) => this.#bring([row]),
    });
    this.#rows.push(row);
    return row;
  }

  #away() {
    return this.#rows.filter((row) => !row.isHere);
  }

  #chosen() {
    const chosen = this.#rows.filter((row) => row.box.checked);
    return chosen.length ? chosen : this.#away();
  }

  /** Brings sessions here, one after the other. One that fails does not stop the rest. */
  async #bring(rows) {
    const context = { ...this.context, opened: this.context.handedOver };
    for (const row of rows) {
      // The user has left.
      if (!this.element.isConnected) return;
      await row.bring(context);
    }
    this.#draw();
  }

  /** Shows the rows. Those that stay are not moved, so that they keep the focus. */
  #draw() {
    for (const element of [...this.#list.children]) {
      if (!this.#rows.some((row) => row.element === element)) element.remove();
    }
    for (const { element } of this.#rows) if (!element.parentNode) this.#list.append(element);
    this.#list.hidden = this.#rows.length === 0;
    this.#drawAll();
  }

  #drawAll() {
    const chosen = this.#rows.filter((row) => row.box.checked).length;
    const isUseful = chosen > 0 || this.#away().length > 1;
    this.#all.hidden = !this.settings.control.canReconnect || !isUseful;
    if (chosen) show(this.#all, "bringSome", { count: chosen });
    else show(this.#all, "bringAll");
  }

  /** What was here is disconnected, or gone. A session without an id of its own needs a new list. */
  #ended(isDisconnect) {
    const hasId = (row) => row.item.url.startsWith("Sessions/");
    this.#rows = this.#rows.filter((row) => !row.isHere || (isDisconnect && hasId(row)));
    for (const row of this.#rows) if (row.isHere) row.disconnected();
    this.#draw();
  }

  async #explain() {
    const isOpen = this.#why.getAttribute("aria-expanded") === "true";
    this.#why.setAttribute("aria-expanded", String(!isOpen));
    this.#answer.hidden = isOpen;
    if (isOpen) return;
    const { explain } = await import("./explain.js");
    await explain(this.#answer, this.#why, this.context);
  }
}
