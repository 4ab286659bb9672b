// The sessions of the user: here, on other devices, and disconnected.

import * as api from "./api.js";
import { announce, button, el, move, remove } from "./dom.js";
import { explain } from "./explain.js";
import { Note } from "./note.js";
import { SessionEnds } from "./session_ends.js";
import { SessionRow } from "./session_row.js";
import { show } from "./words.js";

/**
 * The section of the sessions. The farms are asked only when the page has signed the user in or the
 * user presses a button (WA-98).
 */
export class Sessions {
  #rows = [];
  #find = button("find", () => this.#look());
  #note = new Note("note");
  #question = el("div", { className: "question", hidden: true });
  #groups = {
    here: group("here"),
    elsewhere: group("elsewhere"),
    disconnected: group("disconnected"),
  };
  #all = button("bringAll", () => this.#bring(this.#chosen()), { className: "primary" });
  #why = button("why", () => this.#explain(), { className: "link", "aria-expanded": "false" });
  #answer = el("div", { className: "explanation", hidden: true });

  constructor(settings, context) {
    this.settings = settings;
    this.context = context;
    this.#find.hidden = !settings.control.canReconnect;
    if (settings.control.canReconnect) this.#note.show("", "notAsked");
    this.#all.hidden = true;
    const ended = (isDisconnect) => this.#ended(isDisconnect);
    const heading = el("h2", { id: "sessions-heading", t: "sessions" });
    this.element = el(
      "section",
      { className: "sessions", "aria-labelledby": "sessions-heading" },
      el("div", { className: "head" }, heading, this.#find),
      this.#note.element,
      this.#question,
      ...Object.values(this.#groups).map((it) => it.element),
      this.#all,
      new SessionEnds(settings, { ...context, ended }).element,
      this.#why,
      this.#answer,
    );
  }

  /** Shows the sessions after a sign-in on this page, and may bring them here (WA-113). */
  async signedIn() {
    const { atSignIn, canReconnect } = this.settings.control;
    if (atSignIn || canReconnect) await this.#look({ bringsAll: atSignIn });
  }

  /** Shows a session that this page has just opened. */
  opened(item) {
    let row = this.#rows.find((row) => row.item.url === item.url);
    if (!row) this.#rows.push((row = this.#row(item)));
    row.put("here", "hereSince");
    this.#draw();
  }

  /**
   * Asks the farms for the sessions and shows them. With `takesOver`, farms that disconnect what
   * they list may do so; else the user is asked afterwards whether they shall.
   */
  async #look({ takesOver = false, bringsAll = false } = {}) {
    if (this.#find.getAttribute("aria-busy") === "true") return;
    this.#find.setAttribute("aria-busy", "true");
    let fresh = [];
    this.#question.hidden = true;
    this.#note.say("busy", "finding");
    try {
      if (takesOver) await api.takeOver(this.settings.takeOverUrl);
      const found = await api.sessions();
      this.context.missing("sessions", found.missing);
      show(this.#find, "findAgain");
      fresh = this.#merge(found);
      const count = found.sessions.length;
      this.#note.say("", count ? "found" : "noSessions", { count });
      if (!takesOver) this.#ask(found.disconnecting, bringsAll);
    } catch (error) {
      this.#note.fail(error);
      if (error instanceof api.SignInNeeded) this.context.signInNeeded();
      return;
    } finally {
      this.#find.removeAttribute("aria-busy");
    }
    // What the page has brought here before may still be on its way.
    if (bringsAll) await this.#bring(fresh.filter(isAway));
  }

  /** Asks the user whether these farms shall disconnect what is in use on other devices. */
  #ask(farms, bringsAll) {
    if (farms.length === 0) return;
    this.#question.hidden = false;
    const answered = (takesOver) => () => {
      if (this.#question.contains(document.activeElement))
        this.#find.focus({ preventScroll: true });
      this.#question.hidden = true;
      if (takesOver) this.#look({ takesOver, bringsAll });
    };
    const yes = button(bringsAll ? "askOpen" : "askYes", answered(true), { className: "primary" });
    const text = el("p", { t: "askText", v: { farms } });
    this.#question.replaceChildren(
      el("h3", { t: "askTitle" }),
      text,
      el("div", { className: "tools" }, yes, button("askNo", answered(false))),
    );
    announce("askText", { farms });
  }

  /** Shows the sessions of a list, and returns new rows. Rows that stay keep their state. */
  #merge({ deviceId, sessions, disconnecting }) {
    const free = new Set(this.#rows);
    const fresh = [];
    this.#rows = sessions.map((session) => {
      const [item, place] = [itemOf(session), placeOf(session, deviceId)];
      let row = [...free].find((row) => isOf(row, item, place));
      if (!row) fresh.push((row = this.#row(item)));
      free.delete(row);
      row.item = item;
      if (row.place !== place) row.put(place);
      return row;
    });
    // Of these farms, the list has no session that is in use here.
    const names = this.#rows.map((row) => row.item.name);
    const isUnlisted = ({ place, item }) =>
      place === "here" && disconnecting.includes(item.farm) && !names.includes(item.name);
    this.#rows.push(...[...free].filter(isUnlisted));
    this.#draw();
    return fresh;
  }

  #row(item) {
    return new SessionRow(item, {
      chosen: () => this.#drawAll(),
      bring: (row) => this.#bring([row]),
    });
  }

  #chosen() {
    const chosen = this.#rows.filter((row) => row.box.checked);
    return chosen.length ? chosen : this.#rows.filter(isAway);
  }

  /** Brings sessions here, one after the other. One that fails does not stop the rest. */
  async #bring(rows) {
    const context = { ...this.context, opened: this.context.handedOver };
    for (const row of rows) {
      // The user has left.
      if (!this.element.isConnected) return;
      await row.bring(context);
      this.#draw();
    }
  }

  /** Shows the rows in their groups. Those that stay in one are not moved. */
  #draw() {
    for (const [place, { element, rows }] of Object.entries(this.#groups)) {
      const own = this.#rows.filter((row) => row.place === place);
      element.hidden = own.length === 0;
      for (const row of own) if (row.element.parentNode !== rows) move(row.element, rows);
    }
    const shown = this.#rows.map((row) => row.element);
    for (const element of this.element.querySelectorAll(".rows > li"))
      if (!shown.includes(element)) remove(element, this.#find);
    this.#drawAll();
  }

  #drawAll() {
    const chosen = this.#rows.filter((row) => row.box.checked).length;
    const isUseful = chosen > 0 || this.#rows.filter(isAway).length > 1;
    this.#all.hidden = !this.settings.control.canReconnect || !isUseful;
    if (chosen) show(this.#all, "bringSome", { count: chosen });
    else show(this.#all, "bringAll");
  }

  /** What was here is disconnected, or gone. What a resource has opened has no id to return to. */
  #ended(isDisconnect) {
    const stays = (row) => row.place !== "here" || (isDisconnect && !isOfResource(row));
    this.#rows = this.#rows.filter(stays);
    for (const row of this.#rows) if (row.place === "here") row.put("disconnected", "endedSince");
    this.#draw();
  }

  async #explain() {
    const isOpen = this.#why.getAttribute("aria-expanded") === "true";
    this.#why.setAttribute("aria-expanded", String(!isOpen));
    this.#answer.hidden = isOpen;
    if (isOpen) return;
    await explain(this.#answer, this.context);
  }
}

/** The sessions in one place, below a heading. */
function group(place) {
  const id = `group-${place}`;
  const rows = el("ul", { className: "rows", "aria-labelledby": id });
  const element = el("div", { className: "group", hidden: true }, el("h3", { id, t: place }), rows);
  return { rows, element };
}

/** A session as the page needs it, from an entry of the list. */
function itemOf({ applications: [{ name, iconUrl }], publisherName, sessionId, userSessionType }) {
  return {
    name,
    iconUrl,
    farm: publisherName,
    isDesktop: userSessionType === "Desktop",
    statusUrl: `Sessions/GetLaunchStatus/${sessionId}`,
    url: `Sessions/LaunchIca/${sessionId}.ica`,
  };
}

function placeOf({ connectionState, deviceId }, ownDeviceId) {
  if (connectionState === "Disconnected") return "disconnected";
  return deviceId === ownDeviceId ? "here" : "elsewhere";
}

const isAway = ({ place }) => place !== "here";
const isOfResource = ({ item }) => item.url.startsWith("Resources/");

/** Whether a row shows a session of the list, by its id or because the page has just opened it. */
const isOf = (row, { url, name }, place) =>
  row.item.url === url || (isOfResource(row) && place === "here" && row.item.name === name);
