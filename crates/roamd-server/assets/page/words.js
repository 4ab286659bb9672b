// Texts of the page: which language, and how a text gets its values.

import { store, stored } from "./storage.js";

export const LANGUAGES = {
  en: "English",
  de: "Deutsch",
  fr: "Français",
  es: "Español",
  ja: "日本語",
};

const CHOICE = "roamd.language";
/** Number of languages that could not be loaded. */
let failures = 0;
let current = "en";
let wanted = "en";
let words = {};

/** The language in use. */
export const language = () => current;

/** Loads the language that the user has chosen, else the first one that the browser prefers. */
export async function start() {
  const preferred = [stored(CHOICE), ...navigator.languages].map((tag) =>
    (tag ?? "").slice(0, 2).toLowerCase(),
  );
  await load(preferred.find((tag) => Object.hasOwn(LANGUAGES, tag)) ?? "en");
}

/** Changes the language of the whole page, and keeps the choice. */
export async function choose(tag) {
  await load(tag);
  store(CHOICE, tag);
}

async function load(tag) {
  wanted = tag;
  // A browser loads a failed module again only from another address.
  const address = failures ? `./words-${tag}.js?${failures}` : `./words-${tag}.js`;
  const { default: loaded } = await import(address).catch((error) => {
    failures += 1;
    throw error;
  });
  // The user has chosen another one meanwhile.
  if (tag !== wanted) return;
  words = loaded;
  current = tag;
  document.documentElement.lang = tag;
  translate(document);
}

/** A text with its values: texts, numbers, times, and lists of names. */
export const text = (key, values = {}) =>
  words[key].replace(/\{(\w+)\}/g, (_, name) => written(values[name]));

function written(value) {
  if (value instanceof Date) return time(value);
  return Array.isArray(value) ? list(value) : String(value);
}

function time(date) {
  return new Intl.DateTimeFormat(current, { hour: "2-digit", minute: "2-digit" }).format(date);
}

/** A list such as "a, b and c". */
const list = (items) => new Intl.ListFormat(current).format(items);

// The values of each text on the page, so that it can change its language.
const valuesOf = new WeakMap();

/** Shows a text in an element, now and after each change of the language. */
export function show(element, key, values) {
  element.dataset.t = key;
  valuesOf.set(element, values);
  element.textContent = text(key, values);
}

/** Takes a text away. */
export function clear(element) {
  delete element.dataset.t;
  element.textContent = "";
}

/** Names an element for assistive technology, now and after each change of the language. */
export function name(element, key, values) {
  element.dataset.tLabel = key;
  valuesOf.set(element, values);
  element.setAttribute("aria-label", text(key, values));
}

/** Shows a text in an empty box, now and after each change of the language. */
export function hint(box, key) {
  box.dataset.tHint = key;
  box.placeholder = text(key);
}

/** Translates all texts below an element. */
function translate(root) {
  for (const element of root.querySelectorAll("[data-t]")) {
    element.textContent = text(element.dataset.t, valuesOf.get(element));
  }
  for (const element of root.querySelectorAll("[data-t-label]")) {
    element.setAttribute("aria-label", text(element.dataset.tLabel, valuesOf.get(element)));
  }
  for (const element of root.querySelectorAll("[data-t-hint]")) {
    element.placeholder = text(element.dataset.tHint);
  }
}
