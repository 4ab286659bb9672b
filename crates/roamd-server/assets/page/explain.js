// Why sessions are offered or not: the decisions of the server, farm by farm.

import * as api from "./api.js";
import { announce, el } from "./dom.js";
import { describe } from "./problems.js";

/** Shows the explanation in a place. */
export async function explain(place, context) {
  place.replaceChildren(el("p", { className: "note busy", t: "finding" }));
  try {
    const { roaming, farms } = await api.explanation();
    place.replaceChildren(
      el("h3", { t: "whyTitle" }),
      el("p", { t: `why-${roaming.sessions}` }),
      ...farms.map(farm),
    );
    announce("whyTitle");
  } catch (error) {
    place.replaceChildren(el("p", { className: "note bad" }, ...describe(error)));
    if (error instanceof api.SignInNeeded) context.signInNeeded();
  }
}

function farm({ name, active, answer, sessions }) {
  // The roaming policy, the other reason not to ask, is explained once for all farms.
  const isSpared = active.reason === "would-disconnect";
  return el(
    "div",
    { className: "farm" },
    el("h4", { textContent: name }),
    el("p", { t: `why-${answer.result}`, v: { sessions: answer.sessions } }),
    answer.truncated ? el("p", { t: "why-truncated" }) : null,
    isSpared ? el("p", { t: "why-would-disconnect" }) : null,
    sessions.length ? el("ul", { className: "reasons" }, ...sessions.map(session)) : null,
  );
}

function session({ name, offered, reason }) {
  return el(
    "li",
    {},
    el("strong", { textContent: name }),
    el("span", {
      className: `mark ${offered ? "good" : "bad"}`,
      t: offered ? "whyOffered" : "whyHidden",
    }),
    offered ? null : el("p", { t: `why-${reason}` }),
  );
}
