// Icons of resources. The browser keeps them: their address names the image.

import { el } from "./dom.js";
import { siteUrl } from "./api.js";

/** The icon of a resource; its first letter if there is none. */
export function icon({ iconUrl, name }) {
  const letter = el("span", {
    className: "icon letter",
    "aria-hidden": "true",
    textContent: [...(name || "?")][0].toUpperCase(),
  });
  if (!iconUrl) return letter;
  const address = siteUrl(iconUrl);
  address.searchParams.set("size", "96");
  const image = el("img", {
    className: "icon",
    alt: "",
    width: 40,
    height: 40,
    loading: "lazy",
    decoding: "async",
  });
  image.addEventListener("error", () => image.replaceWith(letter), { once: true });
  image.src = address;
  return image;
}
