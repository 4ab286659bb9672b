// Launches: wait until the machine is ready, then hand the ICA file over to the browser.

import * as api from "./api.js";
import { byId } from "./dom.js";
import { LaunchFailure } from "./problems.js";

/** How long a machine may take to become ready, in milliseconds. */
const LIMIT = 5 * 60 * 1000;
/** How long a frame stays, so that its download can begin. */
const FRAME_LIFE = 60 * 1000;

let before = Promise.resolve();

/**
 * Launches a resource or a session. `report` gets the seconds until the next try while a machine
 * starts. Files are handed over one after the other, since browsers drop downloads that begin at
 * the same time.
 */
export async function launch({ name, statusUrl, url }, report, signal) {
  const deadline = Date.now() + LIMIT;
  for (;;) {
    const answer = await api.launchStatus(statusUrl, name);
    if (signal.aborted) throw new LaunchFailure("cancelled");
    if (answer.status === "success") break;
    if (answer.status === "failure") throw failure(answer);
    if (Date.now() > deadline) throw new LaunchFailure("tooLong");
    await pause(answer.pollTimeout, report, signal);
  }
  const handover = before.then(() => load(api.icaUrl(url, name)));
  before = handover.catch(() => {});
  await handover;
}

const failure = ({ errorId, suggestRestart }) => new LaunchFailure(errorId, suggestRestart);

async function pause(seconds, report, signal) {
  for (let left = seconds; left > 0; left -= 1) {
    report(left);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    if (signal.aborted) throw new LaunchFailure("cancelled");
  }
}

/** Loads an ICA file in a hidden frame. A document in place of the file says what failed. */
async function load(address) {
  const frame = document.createElement("iframe");
  frame.tabIndex = -1;
  const shown = new Promise((resolve, reject) => {
    frame.addEventListener("load", () => {
      const body = frame.contentDocument?.body?.textContent ?? "";
      try {
        reject(failure(JSON.parse(body)));
      } catch {
        reject(new LaunchFailure("GeneralAppLaunchError"));
      }
    });
    // A download does not load the frame, and no event tells when it begins.
    setTimeout(resolve, 1000);
  });
  frame.src = address;
  byId("frames").append(frame);
  setTimeout(() => frame.remove(), FRAME_LIFE);
  await shown;
}
