// The sessions of the user: what this page opened here, and what waits elsewhere.

import * as api from "./api.js";
import { announce, button, el } from "./dom.js";
import { icon } from "./icons.js";
import { sentenceOf, showProblem } from "./problems.js";
import { start } from "./status.js";
import { show } from "./words.js";

/**
 * The section of the sessions. The farms are asked only when the page has signed the user in or the
 * user presses a button (WA-98).
 */
export class Sessions {
  /** Rows, each a session with its elements. */
  #rows = [];
  #count = 0;

  constructor(settings, context) {
    this.settings = settings;
    this.context = context;
    const { control } = settings;
    this.find = button("find", () => this.#ask(false));
    this.all = button("bringAll", () => this.#bring(this.#chosen()), { className: "primary" });
    this.disconnect = button("disconnectHere", () => this.#end("Disconnect"));
    this.logOff = button("logOffHere", () => this.#confirm());
    this.keep = button("keep", () => this.#unconfirm(), { hidden: true });
    this.note = el("p", { className: "note", t: "notAsked" });
    this.question = el("div", { className: "question", hidden: true });
    this.list = el("ul", { className: "rows" });
    this.result = el("p", { className: "note" });
    this.why = button("why", () => this.#explain(), { className: "link", "aria-expanded": "false" });
    this.answer = el("div", { className: "explanation", hidden: true });
    this.all.hidden = this.list.hidden = this.result.hidden = true;
    const tools = el("div", { className: "tools" }, this.disconnect, this.logOff, this.keep);
    this.ends = el("div", { className: "ends", role: "group", "aria-labelledby": "ends-label" }, el("p", { id: "ends-label", t: "connectedHere" }), tools, this.result);
    this.find.hidden = !control.canReconnect;
    this.note.hidden = !control.canReconnect;
    this.element = el(
      "section",
      { className: "sessions", "aria-labelledby": "sessions-heading" },
      el("div", { className: "head" }, el("h2", { id: "sessions-heading", t: "sessions" }), this.find),
      this.note,
      this.question,
      this.list,
      this.all,
      this.ends,
      this.why,
      this.answer,
    );
    this.#drawEnds();
  }

  /** What happens after a sign-in on this page (WA-113). */
  signedIn() {
    const { enabled, atSignIn } = this.settings.control;
    if (enabled && atSignIn) return this.#ask(true);
  }

  /** Shows a session that this page has just opened. */
  opened(item) {
    const known = this.#rows.find((row) => row.item.url === item.url);
    const row = known ?? this.#add({ ...item, farm: item.farm });
    this.#here(row);
    this.#draw();
  }

  /** Asks the user first if the question to the farms has an effect, then the farms. */
  #ask(bringsAll) {
    if (!this.settings.listDisconnects) return this.#list(bringsAll);
    const answer = (yes) => () => {
      const hadFocus = this.question.contains(document.activeElement);
      this.question.hidden = true;
      if (hadFocus) this.find.focus({ preventScroll: true });
      if (yes) this.#list(bringsAll);
    };
    this.question.replaceChildren(
      el("h3", { t: "askTitle" }),
      el("p", { t: "askText" }),
      el("div", { className: "tools" }, button("askYes", answer(true), { className: "primary" }), button("askNo", answer(false))),
    );
    this.question.hidden = false;
    announce("askText");
  }

  async #list(bringsAll) {
    if (this.find.getAttribute("aria-busy") === "true") return;
    this.find.setAttribute("aria-busy", "true");
    this.#note("finding", "busy");
    announce("finding");
    try {
      const { entries, missing } = await api.sessions(this.settings.sessionsUrl);
      this.context.missing("sessions", missing);
      show(this.find, "findAgain");
      this.#merge(entries);
      const count = entries.length;
      this.#note(count ? "found" : "noSessions", "", { count });
      announce(count ? "found" : "noSessions", { count });
    } catch (error) {
      this.note.hidden = false;
      this.note.className = "note bad";
      showProblem(this.note, error);
      announce(sentenceOf(error));
      if (error instanceof api.SignInNeeded) this.context.signInNeeded();
      return;
    } finally {
      this.find.removeAttribute("aria-busy");
    }
    if (bringsAll) await this.#bring(this.#rows.filter((row) => !row.isHere));
  }

  #note(key, kind, values) {
    this.note.hidden = false;
    this.note.className = `note ${kind}`;
    show(this.note, key, values);
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
    const isListed = ({ item }) => listed.some((it) => it.url === item.url || (it.name === item.name && it.farm === item.farm));
    this.#rows = this.#rows.filter((row) => row.isHere && !isListed(row));
    for (const item of listed) this.#add(item);
    this.#draw();
  }

  #add(item) {
    const row = { item, isHere: false };
    const { name } = item;
    row.box = el("input", { type: "checkbox", label: "select", v: { name }, on: { change: () => this.#drawAll() } });
    row.state = el("p", { className: "state", t: "elsewhere" });
    const id = `session-${(this.#count += 1)}`;
    row.bring = button("bring", () => this.#bring([row]), { "aria-describedby": id });
    row.title = el("span", { className: "name", id, textContent: name });
    row.status = el("p", { className: "status" });
    const kind = item.isDesktop === undefined ? null : el("span", { t: item.isDesktop ? "desktop" : "application" });
    const facts = [kind, el("span", { textContent: item.farm ?? "" })].filter((fact) => fact?.textContent);
    row.element = el(
      "li",
      {},
      el("label", { className: "pick" }, row.box),
      icon(item),
      el("div", { className: "what" }, row.title, el("p", { className: "facts" }, ...facts), row.state, row.status),
      row.bring,
    );
    this.#rows.push(row);
    return row;
  }

  #chosen() {
    const chosen = this.#rows.filter((row) => row.box.checked);
    return chosen.length ? chosen : this.#rows.filter((row) => !row.isHere);
  }

  /** Brings sessions here, one after the other. One that fails does not stop the rest. */
  async #bring(rows) {
    for (const row of rows) {
      // The user has left.
      if (!this.element.isConnected) return;
      row.box.checked = false;
      const isOpen = await start(row.item, row.status, row.bring, { ...this.context, opened: (item) => this.context.handedOver(item) });
      if (isOpen) this.#here(row);
    }
    this.#draw();
  }

  #here(row) {
    row.isHere = true;
    row.status.replaceChildren();
    show(row.state, "hereSince", { time: new Date() });
    row.element.classList.add("here");
    show(row.bring, "reopen");
  }

  #draw() {
    for (const { element } of this.#rows) if (element.parentNode !== this.list) this.list.append(element);
    for (const element of [...this.list.children]) {
      if (!this.#rows.some((row) => row.element === element)) element.remove();
    }
    this.list.hidden = this.#rows.length === 0;
    this.#drawAll();
    this.#drawEnds();
  }

  #drawAll() {
    const chosen = this.#rows.filter((row) => row.box.checked).length;
    const away = this.#rows.filter((row) => !row.isHere).length;
    this.all.hidden = !this.settings.control.canReconnect || (!chosen && away < 2);
    if (chosen) show(this.all, "bringSome", { count: chosen });
    else show(this.all, "bringAll");
  }

  #drawEnds() {
    const { enabled, canEnd } = this.settings.control;
    this.ends.hidden = !(enabled && canEnd);
  }

  /** A log off loses unsaved work, so the button has to be pressed twice. */
  #confirm() {
    if (this.keep.hidden) {
      this.keep.hidden = false;
      this.logOff.classList.add("danger");
      show(this.logOff, "logOffSure");
      announce("logOffSure");
    } else {
      this.#unconfirm();
      this.#end("LogOff");
    }
  }

  #unconfirm() {
    if (document.activeElement === this.keep) this.logOff.focus({ preventScroll: true });
    this.keep.hidden = true;
    this.logOff.classList.remove("danger");
    show(this.logOff, "logOffHere");
  }

  /** Ends what is connected from this browser: the farms know no single session (WA-104). */
  async #end(action) {
    const isDisconnect = action === "Disconnect";
    this.result.hidden = false;
    this.#say("ending", "busy");
    try {
      const status = await api.endSessions(isDisconnect ? this.settings.disconnectUrl : this.settings.logOffUrl);
      const keys = { success: `ended${action}`, partial: "endedPartial" };
      this.#say(keys[status] ?? "endedFailure", status === "success" ? "good" : "bad");
      if (status === "success") this.#ended(isDisconnect);
    } catch (error) {
      this.result.className = "note bad";
      showProblem(this.result, error);
      announce(sentenceOf(error));
      if (error instanceof api.SignInNeeded) this.context.signInNeeded();
    }
  }

  #say(key, kind) {
    this.result.className = `note ${kind}`;
    show(this.result, key);
    announce(key);
  }

  /** What was here is disconnected, or gone. A session without an id of its own needs a new list. */
  #ended(isDisconnect) {
    const stays = (row) => !row.isHere || (isDisconnect && row.item.url.startsWith("Sessions/"));
    this.#rows = this.#rows.filter(stays);
    for (const row of this.#rows) {
      if (!row.isHere) continue;
      row.isHere = false;
      row.element.classList.remove("here");
      show(row.state, "disconnected");
      show(row.bring, "bring");
    }
    this.#draw();
  }

  async #explain() {
    const isOpen = this.why.getAttribute("aria-expanded") === "true";
    this.why.setAttribute("aria-expanded", String(!isOpen));
    this.answer.hidden = isOpen;
    if (isOpen) return;
    const { explain } = await import("./explain.js");
    await explain(this.answer, this.why, this.context);
  }
}
