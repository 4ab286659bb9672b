// Desktops and applications: search as you type, folders and keywords.

import { announce, button, el } from "./dom.js";
import { icon } from "./icons.js";
import { start } from "./status.js";
import { hint, language, show } from "./words.js";

/** Tiles of a section before "show all": a page of thousands would be slow. */
const FIRST = 120;

/** Keywords that are commands for the store. */
const COMMANDS = ["auto", "mandatory", "featured", "recommended", "primary", "secondary"];

/** The search box, and the sections of desktops and of applications. */
export class Resources {
  #items = [];
  #keyword = null;
  #spoken = 0;
  #tiles = new Map();

  constructor(context) {
    this.context = context;
    this.box = el("input", {
      type: "search",
      id: "search",
      autocomplete: "off",
      spellcheck: false,
      on: { input: () => this.#draw(true) },
    });
    hint(this.box, "searchHint");
    this.keywords = el("div", {
      className: "chips",
      role: "group",
      label: "keywords",
      hidden: true,
    });
    this.desktops = section("desktops");
    this.applications = section("applications");
    this.element = el(
      "div",
      { className: "resources" },
      el(
        "div",
        { className: "search", role: "search" },
        el("label", { htmlFor: "search", t: "search" }),
        this.box,
        this.keywords,
      ),
      this.desktops.element,
      this.applications.element,
    );
  }

  /** Shows the resources of an answer. */
  set(entries) {
    this.#items = entries.map(itemOf);
    const { compare } = new Intl.Collator(language(), { numeric: true });
    this.#items.sort(
      (one, other) => compare(one.folder, other.folder) || compare(one.name, other.name),
    );
    this.#tiles.clear();
    this.#drawKeywords();
    this.#draw(false);
  }

  #drawKeywords() {
    const all = [...new Set(this.#items.flatMap((item) => item.keywords))].sort(
      new Intl.Collator(language()).compare,
    );
    this.keywords.hidden = all.length === 0;
    this.keywords.replaceChildren(
      ...all.map((keyword) => {
        const chip = el("button", {
          type: "button",
          className: "chip",
          textContent: keyword,
          "aria-pressed": "false",
        });
        chip.addEventListener("click", () => {
          this.#keyword = this.#keyword === keyword ? null : keyword;
          for (const other of this.keywords.children)
            other.setAttribute("aria-pressed", String(other.textContent === this.#keyword));
          this.#draw(true);
        });
        return chip;
      }),
    );
  }

  #draw(isSearch) {
    const terms = plain(this.box.value).split(/\s+/).filter(Boolean);
    const fits = (item) =>
      terms.every((term) => item.searched.includes(term)) &&
      (!this.#keyword || item.keywords.includes(this.#keyword));
    const found = this.#items.filter(fits);
    const isFiltered = terms.length > 0 || this.#keyword !== null;
    this.#fill(
      this.desktops,
      found.filter((item) => item.isDesktop),
      isFiltered ? "noMatch" : "noDesktops",
    );
    this.#fill(
      this.applications,
      found.filter((item) => !item.isDesktop),
      isFiltered ? "noMatch" : "noApplications",
    );
    if (isSearch) {
      clearTimeout(this.#spoken);
      this.#spoken = setTimeout(() => this.#speak(found.length), 600);
    }
  }

  #speak(count) {
    // The user may have left.
    if (this.element.isConnected) announce("searchResult", { count });
  }

  #fill(section, items, none) {
    const shown = section.isWhole ? items : items.slice(0, FIRST);
    section.content.replaceChildren();
    let open = null;
    let tiles = null;
    // They are in the order of their folders.
    for (const item of shown) {
      if (item.folder !== open) {
        open = item.folder;
        if (open) section.content.append(el("h3", { textContent: open }));
        section.content.append((tiles = el("ul", { className: "tiles" })));
      }
      tiles.append(this.#tile(item));
    }
    if (items.length === 0) section.content.append(el("p", { className: "note", t: none }));
    if (shown.length < items.length) {
      section.content.append(
        button(
          "showAll",
          () => {
            section.isWhole = true;
            this.#fill(section, items, none);
            section.content.querySelectorAll(".tile button")[FIRST]?.focus({ preventScroll: true });
          },
          { v: { count: items.length } },
        ),
      );
    }
  }

  /** The tile of a resource. It is made once, so that a search keeps the state of a launch. */
  #tile(item) {
    const known = this.#tiles.get(item.url);
    if (known) return known;
    const status = el("p", { className: "status" });
    const details = item.description
      ? el("span", { className: "facts", textContent: item.description })
      : null;
    const trigger = el(
      "button",
      { type: "button", className: "open" },
      icon(item),
      el(
        "span",
        { className: "what" },
        el("span", { className: "name", textContent: item.name }),
        details,
      ),
    );
    if (item.isDisabled) {
      trigger.setAttribute("aria-disabled", "true");
      show(status.appendChild(el("span")), "unavailable");
    } else {
      trigger.addEventListener("click", () => start(item, status, trigger, this.context));
    }
    const tile = el("li", { className: "tile" }, trigger, status);
    this.#tiles.set(item.url, tile);
    return tile;
  }
}

/** A resource as the page needs it, from an entry of the list. */
function itemOf(entry) {
  const { name, description } = entry;
  const folder = entry.path.split("\\").filter(Boolean).join(" › ");
  const words = entry.keywords ?? [];
  const keywords = words.filter((it) => !COMMANDS.includes(it.toLowerCase()));
  return {
    name,
    description,
    folder,
    keywords,
    searched: plain([name, description, folder, ...keywords].join(" ")),
    farm: entry.publishername,
    isDesktop: entry.isdesktop === true,
    isDisabled: entry.disabled === true,
    iconUrl: entry.iconurl,
    statusUrl: entry.launchstatusurl,
    url: entry.launchurl,
  };
}

function section(key) {
  const content = el("div", {}, el("p", { className: "note busy", t: "loading" }));
  const element = el(
    "section",
    { "aria-labelledby": `${key}-heading` },
    el("h2", { id: `${key}-heading`, t: key }),
    content,
  );
  return { element, content, isWhole: false };
}

/** A text without case and accents. */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
