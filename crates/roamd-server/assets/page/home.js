// The view of a user who is signed in: sessions, desktops and applications, and the way out.

import * as api from "./api.js";
import { hideAllBars, hideBar, isShown, showBar } from "./bars.js";
import { Conversation } from "./conversation.js";
import { announce, button, byId, el, outwardLink, silence } from "./dom.js";
import { Idle } from "./idle.js";
import { Note } from "./note.js";
import { Resources } from "./resources.js";
import { Sessions } from "./sessions.js";
import { CAN_CHANGE_PASSWORD, stored } from "./storage.js";
import { show } from "./words.js";

/** Texts about the sessions, before and after the sign-out. */
const SIGN_OUT = {
  disconnect: { effect: "effectDisconnect", done: "outDisconnected" },
  terminate: { effect: "effectTerminate", done: "outTerminated" },
  none: { effect: "effectNone", done: "outNone" },
};

/** The home of a user. `leave` gets the name of the sentence that the sign-in begins with. */
export class Home {
  #missing = { sessions: [], resources: [] };
  #isOver = false;
  #password = new Note("banner");
  #outage = new Note("banner");
  #problem = new Note("banner");

  constructor(settings, helpLink, leave) {
    this.settings = settings;
    this.helpLink = helpLink;
    this.leave = leave;
    const context = {
      opened: (item) => {
        this.sessions?.opened(item);
        this.#handedOver(item);
      },
      handedOver: (item) => this.#handedOver(item),
      missing: (of, farms) => this.#setMissing(of, farms),
      signInNeeded: () => this.#end("outEnded"),
    };
    this.resources = new Resources(context);
    this.sessions = settings.control.enabled ? new Sessions(settings, context) : null;
    const { element: resources } = this.resources;
    const columns = el("div", { className: "columns" }, this.sessions?.element, resources);
    const heading = el("h1", { className: "quiet", t: "title" });
    const notes = [this.#password, this.#outage, this.#problem].map((it) => it.element);
    this.element = el("div", {}, heading, ...notes, columns);
  }

  /** Shows the view. `resources` is the list of them if it is known already. */
  async show(resources, isOwnSignIn) {
    api.bind(true);
    this.idle = new Idle(this.settings, {
      keep: () => api.keepAlive(this.settings.keepAliveUrl).catch(() => {}),
      warn: (minutes) => this.#warn(minutes),
      end: () => this.#end("outIdle"),
    });
    byId("who").hidden = byId("leave").hidden = false;
    show(byId("sign-out-effect"), SIGN_OUT[this.#signOutAction].effect);
    byId("sign-out").onclick = () => this.#signOut();
    byId("change-password").hidden = stored(CAN_CHANGE_PASSWORD) !== "true";
    byId("change-password").onclick = () => this.#changePassword();
    byId("view").replaceChildren(this.element);
    api.userName(this.settings.userNameUrl).then(
      (user) => show(byId("user"), "signedInAs", { user }),
      () => {},
    );
    await this.#load(resources);
    if (isOwnSignIn && !this.#isOver) await this.sessions?.signedIn();
  }

  async #load(known) {
    this.#problem.hide();
    try {
      const { resources, missing } = known ?? (await api.resources(this.settings.listUrl));
      this.resources.set(resources);
      this.#setMissing("resources", missing);
    } catch (error) {
      if (error instanceof api.SignInNeeded) return this.#end("outEnded");
      const again = button("again", () => this.#load());
      this.#problem.fail(error, " ", again);
    }
  }

  /** Names the farms that do not respond, quietly. */
  #setMissing(of, farms) {
    this.#missing[of] = farms;
    const all = [...new Set([...this.#missing.sessions, ...this.#missing.resources])];
    if (all.length === 0) this.#outage.hide();
    else this.#outage.say("", all.length === 1 ? "missingOne" : "missingMany", { farms: all });
  }

  /** Says what to do if no window opens. */
  #handedOver({ name }) {
    if (this.#isOver) return;
    const id = "opened-bar";
    const several = isShown(id) ? el("span", { t: "openedMany" }) : null;
    const sentence = el("p", {}, el("span", { t: "openedLong", v: { name } }), several);
    const className = "button";
    const href = api.siteUrl(this.settings.provisioningUrl);
    const setUp = el("a", { className, t: "setUp", href, download: "" });
    const help = this.helpLink ? outwardLink("help", this.helpLink, { className }) : "";
    showBar(
      id,
      sentence,
      setUp,
      help,
      button("dismiss", () => hideBar(id)),
    );
  }

  #warn(minutes) {
    const id = "idle-bar";
    if (minutes === null) return hideBar(id);
    if (!isShown(id)) announce("idleSoon", { minutes });
    const stay = button("idleStay", () => this.idle.act(), { className: "primary" });
    showBar(id, el("p", { t: "idleSoon", v: { minutes } }), stay);
  }

  /** Shows the forms of a new password in place of the lists, which stay as they are (WA-65). */
  async #changePassword() {
    const trigger = byId("change-password");
    const first = () => api.postForm(this.settings.changePasswordUrl);
    const conversation = new Conversation(first);
    trigger.hidden = this.element.hidden = true;
    this.#password.hide();
    byId("view").append(conversation.element);
    try {
      const { end } = await conversation.run(await first());
      if (end === "success") this.#password.say("good", "passwordChanged");
      if (end === "fail") {
        const key = conversation.hasSent ? "passwordUnsure" : "passwordUnavailable";
        this.#password.say("bad", key);
      }
    } catch (error) {
      if (error instanceof api.SignInNeeded) return this.#end("outEnded");
      this.#password.fail(error);
    }
    conversation.element.remove();
    trigger.hidden = this.element.hidden = false;
    trigger.focus({ preventScroll: true });
  }

  get #signOutAction() {
    const { enabled, signOut } = this.settings.control;
    return enabled ? signOut : "none";
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

  /** Returns the name of the sentence about the sessions. */
  async #endSessions() {
    const action = this.#signOutAction;
    const { done } = SIGN_OUT[action];
    if (action === "none") return done;
    const { disconnectUrl, logOffUrl } = this.settings;
    try {
      const status = await api.endSessions(action === "disconnect" ? disconnectUrl : logOffUrl);
      if (status === "success") return done;
    } catch (error) {
      if (error instanceof api.SignInNeeded) throw error;
    }
    // The sign-in ends all the same (WA-112).
    return "outDoubt";
  }

  /** Leaves for the sign-in, and takes down what stands around the view. */
  #end(key) {
    // Several requests may find that the sign-in has ended.
    if (this.#isOver) return;
    this.#isOver = true;
    this.idle.stop();
    api.bind(false);
    byId("who").hidden = byId("leave").hidden = true;
    hideAllBars();
    silence();
    this.leave(key, { minutes: this.settings.idleMinutes });
  }
}
