// Why sessions are offered or not: the decisions of the server, farm by farm.

import * as api from "./api.js";
import { announce, el } from "./dom.js";
import { describe } from "./problems.js";

/** Shows the explanation in a place. The button goes away if the server has none. */
export async function explain(place, trigger, context) {
  place.replaceChildren(el("p", { className: "note busy", t: "finding" }));
  try {
    const explanation = await api.explanation();
    if (!explanation) {
      place.replaceChildren(el("p", { className: "note", t: "whyNone" }));
      trigger.hidden = true;
      return;
    }
    place.replaceChildren(el("h3", { t: "whyTitle" }), sentence(explanation.roaming?.text), ...(explanation.farms ?? []).map(farm));
    announce("whyTitle");
  } catch (error) {
    place.replaceChildren(el("p", { className: "note bad" }, ...describe(error)));
    if (error instanceof api.SignInNeeded) context.signInNeeded();
  }
}

/** The sentences of the server are in English. */
const sentence = (text) => (text ? el("p", { lang: "en", textContent: text }) : null);

function farm({ name, id, disconnected, active, answer, sessions }) {
  // What a list and this explanation do alike needs no words.
  const notes = [disconnected, active].filter((it) => it && (it.asked !== true || it.listAsks !== true));
  return el(
    "div",
    { className: "farm" },
    el("h4", { textContent: name ?? id }),
    ...notes.map((it) => sentence(it.text)),
    sentence(answer?.text),
    sessions?.length ? el("ul", { className: "reasons" }, ...sessions.map(session)) : null,
  );
}

function session({ name, offered, text }) {
  return el(
    "li",
    {},
    el("span", { className: `mark ${offered ? "good" : "bad"}`, t: offered ? "whyOffered" : "whyHidden" }),
    el("strong", { textContent: name ?? "" }),
    el("span", { lang: "en", textContent: text ?? "" }),
  );
}
