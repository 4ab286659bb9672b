// What the browser keeps for the page. Without storage it is kept until the page is left (WA-117).

/**
 * Key of whether the user can change the password, as the last sign-in of this browser at this site
 * has said (WA-60).
 */
export const CAN_CHANGE_PASSWORD = `roamd.canChangePassword ${location.pathname}`;

const memory = new Map();

export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

export function store(key, value) {
  memory.set(key, value);
  try {
    localStorage.setItem(key, value);
  } catch {
    // The browser does not allow it.
  }
}
