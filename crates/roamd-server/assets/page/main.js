// The start of the page: language, configuration, sign-in or home.

import * as api from "./api.js";
import { announce, button, byId, el } from "./dom.js";
import * as forms from "./forms.js";
import { showProblem } from "./problems.js";
import { LANGUAGES, choose, language, show, start, text } from "./words.js";

let settings = null;
let brand = null;
/** Whether the sign-in form is shown, which is in the language of the page. */
let isSigningIn = false;
/** Number of the last view, so that a slow answer does not replace a later one. */
let turn = 0;

async function begin() {
  await start();
  drawLanguages();
  brand = await api.branding();
  drawBrand();
  await open();
}

/** Shows the home of a user who is signed in already, else the sign-in. */
async function open(sentence, values) {
  try {
    settings = await api.configuration();
    const resources = await api.resources(settings.listUrl);
    await home(resources, false);
  } catch (error) {
    if (error instanceof api.SignInNeeded) return signIn(sentence, values);
    // No farm responds: the user is signed in all the same.
    if (settings && error.key === "busy") return home(null, false);
    broken(error);
  }
}

async function home(resources, isOwnSignIn) {
  isSigningIn = false;
  turn += 1;
  const { Home } = await import("./home.js");
  const ways = { leave: signIn, changePassword };
  await new Home(settings, brand?.helpLink, ways).show(resources, isOwnSignIn);
}

/** Shows the sign-in, with a sentence above it. */
async function signIn(sentence, values) {
  isSigningIn = true;
  const own = (turn += 1);
  try {
    // A sign-out ends the web session too; this begins another one.
    settings = await api.configuration();
    const form = await api.signInForm();
    if (own !== turn) return;
    new Conversation(sentence, values, {
      success: entered,
      cancelled: () => signIn(),
      failed: signIn,
    }).step(form);
    // While the user types.
    import("./home.js");
  } catch (error) {
    broken(error, sentence, values);
  }
}

/** Shows the form of a new password, for a user who is signed in. */
async function changePassword() {
  const back = () => home(null, false);
  try {
    const form = await api.postForm(settings.changePasswordUrl);
    new Conversation(null, null, { success: back, cancelled: back, failed: signIn }).step(form);
  } catch (error) {
    if (error instanceof api.SignInNeeded) return signIn("outEnded");
    broken(error);
  }
}

/** The class of a banner: a user whose sessions may go on has something to do. */
const bannerFor = (sentence) =>
  ["outDoubt", "outFailed"].includes(sentence) ? "banner warn" : "banner";

/** One form after the other, until an end. */
class Conversation {
  constructor(sentence, values, ends) {
    this.ends = ends;
    this.place = el("div");
    const className = bannerFor(sentence);
    this.note = el("p", { className, role: "status", hidden: !sentence });
    if (sentence) show(this.note, sentence, values);
    const help = brand?.helpText
      ? el("p", { className: "help", textContent: brand.helpText })
      : null;
    byId("view").replaceChildren(el("div", { className: "entrance" }, this.note, this.place, help));
  }

  /** Shows what an answer says. */
  step(root) {
    const form = forms.read(root);
    if (form.rows) {
      const send = (url, fields) => this.#post(url, fields);
      return forms.replace(
        this.place,
        forms.draw(form, send, (url) => send(url)),
      );
    }
    if (form.end === "success") return this.ends.success(form.days);
    if (form.end === "cancelled") return this.ends.cancelled();
    this.ends.failed(form.log === "sessiontimeout" ? "formTimeout" : "formFailed");
  }

  async #post(url, fields) {
    const element = this.place.firstElementChild;
    if (element.getAttribute("aria-busy") === "true") return;
    element.setAttribute("aria-busy", "true");
    try {
      this.step(await api.postForm(url, fields));
    } catch (error) {
      element.removeAttribute("aria-busy");
      this.note.hidden = false;
      this.note.className = "banner bad";
      showProblem(this.note, error);
    }
  }
}

async function entered(days) {
  await home(null, true);
  byId("main").focus({ preventScroll: true });
  if (days) announce("passwordExpires", { days });
}

/** Shows that nothing works, below the sentence that the user has to know in any case. */
function broken(error, sentence, values) {
  const note = sentence
    ? el("p", { className: bannerFor(sentence), role: "status", t: sentence, v: values })
    : null;
  const problem = el("div", { className: "banner bad", role: "alert" });
  showProblem(
    problem,
    error,
    " ",
    button("again", () => open(sentence, values)),
  );
  byId("view").replaceChildren(el("div", { className: "entrance" }, note, problem));
}

function drawLanguages() {
  const select = byId("language");
  for (const [tag, own] of Object.entries(LANGUAGES))
    select.append(el("option", { value: tag, textContent: own, lang: tag }));
  select.value = language();
  select.addEventListener("change", async () => {
    await choose(select.value);
    drawTitle();
    // The form comes from the server, in one language.
    if (isSigningIn) await signIn();
    select.focus({ preventScroll: true });
  });
}

function drawBrand() {
  drawTitle();
  if (!brand) return;
  if (brand.logo) byId("logo").src = api.siteUrl(brand.logo);
  if (brand.name) {
    delete byId("brand").dataset.t;
    byId("brand").textContent = brand.name;
  }
  if (CSS.supports("color", brand.accent))
    document.documentElement.style.setProperty("--brand", brand.accent);
  if (brand.helpLink) {
    const link = el("a", {
      t: "help",
      href: brand.helpLink,
      target: "_blank",
      rel: "noopener noreferrer",
    });
    byId("foot").append(link);
  }
}

function drawTitle() {
  document.title = brand?.name ? `${brand.name} – ${text("title")}` : text("title");
}

begin();
