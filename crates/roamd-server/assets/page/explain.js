// Why sessions are offered or not: the decisions of the server, farm by farm.

import * as api from "./api.js";
import { announce, el } from "./dom.js";
import { describe } from "./problems.js";
import { has } from "./words.js";

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
    place.replaceChildren(el("h3", { t: "whyTitle" }), ...(explanation.farms ?? []).map(farm));
    announce("whyTitle");
  } catch (error) {
    place.replaceChildren(el("p", { className: "note bad" }, ...describe(error)));
    if (error instanceof api.SignInNeeded) context.signInNeeded();
  }
}

/** What the server says. A reason that the page does not know is told in the server's English. */
function reason(key, text, values) {
  if (has(`why-${key}`)) return el("p", { t: `why-${key}`, v: values });
  return text ? el("p", { lang: "en", textContent: text }) : null;
}

function farm({ name, id, disconnected, active, answer, sessions }) {
  // What a list and this explanation both ask for needs no words.
  const notes = [disconnected, active].filter((it) => it && !(it.asked && it.listAsks));
  return el(
    "div",
    { className: "farm" },
    el("h4", { textContent: name ?? id }),
    ...notes.map((it) => reason(it.reason, it.text)),
    answer ? reason(answer.result, answer.text, { sessions: answer.sessions }) : null,
    sessions?.length ? el("ul", { className: "reasons" }, ...sessions.map(session)) : null,
  );
}

function session({ name, offered, reason: why, text }) {
  return el(
    "li",
    {},
    el("strong", { textContent: name ?? "" }),
    el("span", {
      className: `mark ${offered ? "good" : "bad"}`,
      t: offered ? "whyOffered" : "whyHidden",
    }),
    offered ? null : reason(why, text),
  );
}
