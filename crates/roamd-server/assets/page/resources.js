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

  constructor(settings, context) {
    this.settings = settings;
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
    this.desktops = section("desktops", settings.showDesktops);
    this.applications = section("applications", settings.showApplications);
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
    this.#items = entries.map((entry) => ({
      name: entry.name,
      description: entry.description,
      folder: folder(entry.path),
      keywords: (entry.keywords ?? []).filter((it) => !COMMANDS.includes(it.toLowerCase())),
      farm: entry.publishername,
      isDesktop: entry.isdesktop === true,
      disabled: entry.disabled === true,
      iconUrl: entry.iconurl,
      statusUrl: entry.launchstatusurl,
      url: entry.launchurl,
    }));
    const { compare } = new Intl.Collator(language(), { numeric: true });
    this.#items.sort(
      (one, other) => compare(one.folder, other.folder) || compare(one.name, other.name),
    );
    this.#tiles.clear();
    this.#drawKeywords();
    this.#draw(false);
  }

  /** What is known of the resource of a session: its kind and icon. */
  find(name, farm) {
    const named = this.#items.filter((item) => item.name === name);
    const { isDesktop, iconUrl } = named.find((item) => item.farm === farm) ?? named[0] ?? {};
    return { isDesktop, iconUrl };
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
    const fits = (item) => {
      const all = plain([item.name, item.description, item.folder, ...item.keywords].join(" "));
      return (
        terms.every((term) => all.includes(term)) &&
        (!this.#keyword || item.keywords.includes(this.#keyword))
      );
    };
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
      this.#spoken = setTimeout(() => announce("searchResult", { count: found.length }), 600);
    }
  }

  #fill(section, items, none) {
    const shown = section.isWhole ? items : items.slice(0, FIRST);
    const folders = new Map();
    for (const item of shown) folders.set(item.folder, [...(folders.get(item.folder) ?? []), item]);
    section.content.replaceChildren(
      ...[...folders]
        .flatMap(([name, items]) => [
          name ? el("h3", { textContent: name }) : null,
          el("ul", { className: "tiles" }, ...items.map((item) => this.#tile(item))),
        ])
        .filter(Boolean),
    );
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
    if (item.disabled) {
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

function section(key, isShown) {
  const content = el("div", {}, el("p", { className: "note busy", t: "loading" }));
  const element = el(
    "section",
    { "aria-labelledby": `${key}-heading`, hidden: !isShown },
    el("h2", { id: `${key}-heading`, t: key }),
    content,
  );
  return { element, content, isWhole: false };
}

/** Folder of a path such as `\Office\Tools`; empty for the root. */
const folder = (path) => (path ?? "").split("\\").filter(Boolean).join(" › ");

/** A text without case and accents. */
const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
