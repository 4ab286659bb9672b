// The view of a user who is signed in: sessions, desktops and applications, and the way out.

import * as api from "./api.js";
import { announce, button, byId, el } from "./dom.js";
import { Idle } from "./idle.js";
import { sentenceOf, showProblem } from "./problems.js";
import { Resources } from "./resources.js";
import { Sessions } from "./sessions.js";
import { list, show } from "./words.js";

const EFFECTS = {
  disconnect: "effectDisconnect",
  terminate: "effectTerminate",
  none: "effectNone",
};

/**
 * The home of a user. `leave` gets the name of the sentence that the sign-in begins with, and
 * `changePassword` shows the form of a new password.
 */
export class Home {
  #missing = { sessions: [], resources: [] };
  #isOver = false;

  constructor(settings, helpLink, { leave, changePassword }) {
    this.settings = settings;
    this.leave = leave;
    this.changePassword = changePassword;
    this.helpLink = helpLink;
    const context = {
      opened: (item) => {
        this.sessions?.opened(item);
        this.#handedOver(item);
      },
      handedOver: (item) => this.#handedOver(item),
      missing: (of, farms) => this.#setMissing(of, farms),
      resource: (name, farm) => this.resources.find(name, farm),
      signInNeeded: () => this.#end("outEnded"),
    };
    this.resources = new Resources(settings, context);
    this.sessions = settings.control.enabled ? new Sessions(settings, context) : null;
    this.banner = el("p", { className: "banner", hidden: true });
    this.problem = el("div", { className: "banner bad", hidden: true });
    const columns = el(
      "div",
      { className: "columns" },
      this.sessions?.element,
      this.resources.element,
    );
    const heading = el("h1", { className: "quiet", t: "title" });
    this.element = el("div", {}, heading, this.banner, this.problem, columns);
  }

  /** Shows the view. `entries` are the resources if they are known already. */
  async show(entries, isOwnSignIn) {
    api.bind(true);
    this.idle = new Idle(this.settings, {
      keep: () => api.keepAlive(this.settings.keepAliveUrl).catch(() => {}),
      warn: (minutes) => this.#warn(minutes),
      end: () => this.#end("outIdle"),
    });
    byId("who").hidden = byId("leave").hidden = false;
    show(byId("sign-out-effect"), EFFECTS[this.settings.control.signOut] ?? "effectNone");
    byId("sign-out").onclick = () => this.#signOut();
    byId("change-password").hidden = !this.settings.changePasswordUrl;
    byId("change-password").onclick = () => {
      this.#close();
      this.changePassword();
    };
    byId("view").replaceChildren(this.element);
    api.userName(this.settings.userNameUrl).then(
      (user) => show(byId("user"), "signedInAs", { user }),
      () => {},
    );
    await this.#load(entries);
    if (isOwnSignIn && !this.#isOver) await this.sessions?.signedIn();
  }

  async #load(known) {
    this.problem.hidden = true;
    try {
      const { entries, missing } = known ?? (await api.resources(this.settings.listUrl));
      this.resources.set(entries);
      this.#setMissing("resources", missing);
    } catch (error) {
      if (error instanceof api.SignInNeeded) return this.#end("outEnded");
      showProblem(
        this.problem,
        error,
        " ",
        button("again", () => this.#load()),
      );
      this.problem.hidden = false;
      announce(sentenceOf(error));
    }
  }

  /** Names the farms that do not respond, quietly. */
  #setMissing(of, farms) {
    this.#missing[of] = farms;
    const all = [...new Set([...this.#missing.sessions, ...this.#missing.resources])];
    this.banner.hidden = all.length === 0;
    if (all.length === 0) return;
    const key = all.length === 1 ? "missingOne" : "missingMany";
    show(this.banner, key, { farms: list(all) });
    announce(key, { farms: list(all) });
  }

  /** Says what to do if no window opens. It is below all else, so that nothing moves. */
  async #handedOver({ name }) {
    const isOneOfMany = byId("opened-bar") !== null;
    const file = await api.provisioningFile(this.settings.provisioningUrl);
    if (this.#isOver) return;
    const setUp = file
      ? el("a", { className: "button", t: "setUp", href: file, download: "" })
      : null;
    const help = this.helpLink
      ? el("a", {
          className: "button",
          t: "help",
          href: this.helpLink,
          target: "_blank",
          rel: "noopener noreferrer",
        })
      : null;
    this.#bar(
      "opened-bar",
      el(
        "p",
        {},
        el("span", { t: "openedLong", v: { name } }),
        isOneOfMany ? el("span", { t: "openedMany" }) : null,
      ),
      setUp,
      help,
      button("dismiss", () => this.#unbar("opened-bar")),
    );
  }

  #warn(minutes) {
    if (minutes === null) return this.#unbar("idle-bar");
    if (!byId("idle-bar")) announce("idleSoon", { minutes });
    this.#bar(
      "idle-bar",
      el("p", { t: "idleSoon", v: { minutes } }),
      button("idleStay", () => this.idle.act(), { className: "primary" }),
    );
  }

  /** Shows a bar at the lower edge. One that is there keeps its buttons, and so the focus. */
  #bar(id, sentence, ...actions) {
    const known = byId(id);
    if (known) known.querySelector("p").replaceWith(sentence);
    else
      byId("bars").append(
        el(
          "div",
          { id, className: "bar" },
          sentence,
          el("div", { className: "tools" }, ...actions),
        ),
      );
  }

  #unbar(id) {
    const bar = byId(id);
    if (bar?.contains(document.activeElement)) byId("main").focus({ preventScroll: true });
    bar?.remove();
  }

  /** Ends the sessions as the hospital decided, then the sign-in, and says what became of them. */
  async #signOut() {
    const out = byId("sign-out");
    if (out.getAttribute("aria-busy") === "true") return;
    out.setAttribute("aria-busy", "true");
    announce("ending");
    show(byId("sign-out-effect"), "ending");
    try {
      const ended = await this.#endSessions();
      await api.signOut(this.settings.signOutUrl);
      this.#end(ended);
    } catch (error) {
      this.#end(error instanceof api.SignInNeeded ? "outEnded" : "outFailed");
    } finally {
      out.removeAttribute("aria-busy");
    }
  }

  async #endSessions() {
    const { enabled, signOut } = this.settings.control;
    const isDisconnect = signOut === "disconnect";
    if (!enabled || (!isDisconnect && signOut !== "terminate")) return "outNone";
    try {
      const status = await api.endSessions(
        isDisconnect ? this.settings.disconnectUrl : this.settings.logOffUrl,
      );
      if (status === "success") return isDisconnect ? "outDisconnected" : "outTerminated";
    } catch (error) {
      if (error instanceof api.SignInNeeded) throw error;
    }
    // The sign-in ends all the same (WA-112).
    return "outDoubt";
  }

  /** Takes down what stands around the view. */
  #close() {
    this.#isOver = true;
    this.idle?.stop();
    api.bind(false);
    byId("who").hidden = byId("leave").hidden = true;
    byId("bars").replaceChildren();
  }

  #end(key) {
    // Several requests may find that the sign-in has ended.
    if (this.#isOver) return;
    this.#close();
    this.leave(key, { minutes: this.settings.idleMinutes });
  }
}
