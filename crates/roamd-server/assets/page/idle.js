// The end of an unused sign-in: keep it while the user acts, warn before it ends (WA-116).

/** How often the time is looked at, in milliseconds. */
const TICK = 10 * 1000;
/** The least time between two requests that keep the sign-in. */
const KEEP = 60 * 1000;

/** Watches the user. `warn` gets the minutes that are left, or `null` when the user is back. */
export class Idle {
  #acted = Date.now();
  #kept = Date.now();
  #isWarned = false;

  constructor({ idleMinutes }, { keep, warn, end }) {
    this.limit = idleMinutes * 60 * 1000;
    // Five minutes, or a quarter of a shorter time.
    this.notice = Math.min(5 * 60 * 1000, this.limit / 4);
    this.keep = keep;
    this.warn = warn;
    this.end = end;
    this.abort = new AbortController();
    const options = { signal: this.abort.signal, passive: true, capture: true };
    for (const event of ["pointerdown", "keydown", "wheel", "touchstart"])
      document.addEventListener(event, () => this.act(), options);
    this.timer = setInterval(() => this.#look(), TICK);
  }

  /** The user does something. */
  act() {
    this.#acted = Date.now();
    this.#look();
  }

  stop() {
    clearInterval(this.timer);
    this.abort.abort();
  }

  #look() {
    const now = Date.now();
    // First, since a device that slept may look too late: no request keeps what has ended.
    if (now - this.#kept >= this.limit) {
      this.stop();
      this.end();
      return;
    }
    if (
      this.#acted > this.#kept &&
      (now - this.#kept >= Math.min(KEEP, this.notice) || this.#isWarned)
    ) {
      this.#kept = now;
      this.keep();
    }
    // A request keeps the sign-in from its own time on, and the user may have acted since.
    const left = this.limit - (now - this.#kept);
    if (left <= this.notice) {
      this.#isWarned = true;
      this.warn(Math.max(1, Math.ceil(left / 60000)));
    } else if (this.#isWarned) {
      this.#isWarned = false;
      this.warn(null);
    }
  }
}
