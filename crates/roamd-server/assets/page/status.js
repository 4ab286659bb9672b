// The state of one launch beside its button: progress, result, and what to do next.

import { announce, button, el, remove } from "./dom.js";
import { launch } from "./launch.js";
import { describe, sentenceOf } from "./problems.js";
import { SignInNeeded } from "./api.js";
import { show } from "./words.js";

/**
 * Starts something, and shows in `place` how it goes. `trigger` is the button that the user
 * pressed: it keeps the focus. Returns whether the file was handed over.
 */
export async function start(item, place, trigger, context) {
  if (trigger.getAttribute("aria-busy") === "true") return false;
  const abort = new AbortController();
  const line = el("span", { t: "starting" });
  const cancel = button("cancel", () => abort.abort(), { className: "small" });
  place.replaceChildren(el("span", { className: "spinner" }), line);
  place.className = "status busy";
  trigger.setAttribute("aria-busy", "true");
  const waiting = (seconds) => {
    if (!cancel.isConnected) {
      place.append(cancel);
      announce("waiting", { seconds });
    }
    show(line, "waiting", { seconds });
  };
  try {
    await launch(item, waiting, abort.signal);
    const time = new Date();
    finish(place, cancel, trigger, "good", el("span", { t: "opened", v: { time } }));
    announce("openedLong", { name: item.name });
    context.opened(item);
    return true;
  } catch (error) {
    finish(place, cancel, trigger, "bad", ...describe(error));
    announce(sentenceOf(error));
    if (error instanceof SignInNeeded) context.signInNeeded();
    return false;
  } finally {
    trigger.removeAttribute("aria-busy");
  }
}

function finish(place, cancel, trigger, kind, ...sentences) {
  remove(cancel, trigger);
  place.className = `status ${kind}`;
  place.replaceChildren(...sentences);
}
