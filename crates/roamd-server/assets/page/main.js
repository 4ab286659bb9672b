// The start of the page: language, configuration, sign-in or home.

import * as api from "./api.js";
import { Conversation, changeLanguage } from "./conversation.js";
import { button, byId, el, outwardLink } from "./dom.js";
import { Note } from "./note.js";
import { CAN_CHANGE_PASSWORD, store } from "./storage.js";
import { LANGUAGES, choose, language, start, text } from "./words.js";

/** The home could not be loaded. A browser loads a module that has failed only for a new page. */
class HomeMissing extends api.Failure {}

let settings = null;
let brand = {};
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
    const list = await api.resources(settings.listUrl);
    await home(list, false);
  } catch (error) {
    if (error instanceof api.SignInNeeded) return askToSignIn(sentence, values);
    // No farm responds: the user is signed in all the same.
    if (settings && error.key === "busy") return home(null, false);
    broken(error, sentence, values);
  }
}

async function loadHome() {
  try {
    return (await import("./home.js")).Home;
  } catch {
    throw new HomeMissing("offline");
  }
}

async function home(list, isOwnSignIn) {
  turn += 1;
  const Home = await loadHome();
  await new Home(settings, brand.helpLink, signIn).show(list, isOwnSignIn);
}

/** Shows the sign-in in another web session, since the one before has ended with its sign-in. */
async function signIn(sentence, values) {
  const own = (turn += 1);
  try {
    settings = await api.configuration();
  } catch (error) {
    return broken(error, sentence, values);
  }
  if (own === turn) await askToSignIn(sentence, values);
}

/** Shows the sign-in of this web session, with a sentence above it. */
async function askToSignIn(sentence, values) {
  const own = (turn += 1);
  try {
    const form = await api.signInForm();
    if (own !== turn) return;
    const conversation = new Conversation(api.signInForm, brand.helpText);
    byId("view").replaceChildren(conversation.element);
    if (sentence) conversation.note.say(kindOf(sentence), sentence, values);
    // While the user types. Who signs in hears of a failure.
    loadHome().catch(() => {});
    await signedIn(await conversation.run(form));
  } catch (error) {
    broken(error, sentence, values);
  }
}

/** Goes on after the end of a sign-in. */
async function signedIn({ end, isTimeout, canChangePassword }) {
  if (end === "fail") return signIn(isTimeout ? "formTimeout" : "formFailed");
  if (end === "cancelled") return signIn();
  store(CAN_CHANGE_PASSWORD, String(canChangePassword));
  try {
    await home(null, true);
  } catch (error) {
    // A new page shows the home, since the user is signed in.
    if (error instanceof HomeMissing) return location.reload();
    throw error;
  }
  byId("main").focus({ preventScroll: true });
}

/** The kind of a sentence: a user whose sessions may go on has something to do. */
const kindOf = (sentence) => (["outDoubt", "outFailed"].includes(sentence) ? "warn" : "");

/** Shows that nothing works, below the sentence that the user has to know in any case. */
function broken(error, sentence, values) {
  const [note, problem] = [new Note("banner"), new Note("banner")];
  const entrance = el("div", { className: "entrance" }, note.element, problem.element);
  byId("view").replaceChildren(entrance);
  if (sentence) note.say(kindOf(sentence), sentence, values);
  const isMissing = error instanceof HomeMissing;
  const again = button("again", () => (isMissing ? location.reload() : open(sentence, values)));
  problem.fail(error, " ", again);
}

function drawLanguages() {
  const select = byId("language");
  for (const [tag, own] of Object.entries(LANGUAGES))
    select.append(el("option", { value: tag, textContent: own, lang: tag }));
  select.value = language();
  select.addEventListener("change", async () => {
    try {
      await choose(select.value);
    } catch {
      select.value = language();
      return;
    }
    drawTitle();
    await changeLanguage();
    select.focus({ preventScroll: true });
  });
}

function drawBrand() {
  drawTitle();
  if (brand.logo) byId("logo").src = api.siteUrl(brand.logo);
  if (brand.name) {
    delete byId("brand").dataset.t;
    byId("brand").textContent = brand.name;
  }
  if (brand.accent) document.documentElement.style.setProperty("--brand", brand.accent);
  if (brand.helpLink) byId("foot").append(outwardLink("help", brand.helpLink));
}

function drawTitle() {
  document.title = brand.name ? `${brand.name} – ${text("title")}` : text("title");
}

begin();
