/** Elements of the page: text is always text, never markup. */

import { fullyOf } from "./format.js";

/** `make("p", { className: "hint" }, "Hello ", strong)`; names with a hyphen are attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A moment, shown by `text`; its title says it in full. */
export function time(moment, text, className = "") {
  return make("time", { className, dateTime: moment, title: fullyOf(moment) }, text);
}

const SVG = "http://www.w3.org/2000/svg";
const GONE = [404, 409];
const TRY_AGAIN_AFTER_MS = [1_000, 4_000, 16_000];

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

/** A button with a label; with `iconName`, an icon that has the label as its title. */
export function button(label, onclick, { className = "", iconName = null, ...rest } = {}) {
  const text = iconName ? make("span", { className: "hidden-label" }, label) : label;
  const properties = { type: "button", className, onclick, ...rest };
  return make(
    "button",
    iconName ? { title: label, ...properties } : properties,
    iconName ? icon(iconName) : null,
    text,
  );
}

/** A person's picture, or else two initials on a colour of their own. */
export function avatar(person) {
  const words = (person?.name ?? "?").trim().split(/\s+/u);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map(
    (word) => [...word][0] ?? "",
  );
  const element = make("span", { className: "avatar", "aria-hidden": "true" });
  element.textContent = letters.join("").toUpperCase();
  element.dataset.hue = person ? person.id % 8 : "none";
  if (person?.avatar) {
    const shown = { alt: "", src: person.avatar, decoding: "sync" };
    element.append(picture(shown, (image) => image.remove()));
  }
  return element;
}

/** An image that is tried again for a while; `gone(image)` is called if it no longer exists. */
export function picture(properties, gone) {
  const image = make("img", properties);
  const pauses = [...TRY_AGAIN_AFTER_MS];
  image.addEventListener("load", () => image.classList.remove("failed"));
  image.addEventListener("error", async () => {
    image.classList.add("failed");
    const { status } = await fetch(image.src, { method: "HEAD" }).catch(() => ({ status: 0 }));
    if (GONE.includes(status)) gone(image);
    else if (pauses.length) setTimeout(() => load(image), pauses.shift());
  });
  return image;
}

/** Tries the failed ones again, once the server is back. */
export function loadFailedPictures() {
  document.querySelectorAll("img.failed").forEach(load);
}

function load(image) {
  image.setAttribute("src", image.src);
}

/**
 * Calls `act()` each time a dialog has closed, before anything else happens. Its event `close` comes
 * with the next frame, when the dialog may be open again.
 */
export function onClosed(dialog, act) {
  const changed = new MutationObserver(() => dialog.open || act());
  changed.observe(dialog, { attributeFilter: ["open"] });
  return changed;
}

/** Promises that a dialog that is open has closed. */
export function closed(dialog) {
  return new Promise((resolve) => {
    const closing = onClosed(dialog, () => {
      closing.disconnect();
      resolve();
    });
  });
}

/** Replaces the rows of a list; the focus moves to the row with the same id. */
export function replaceRows(list, rows) {
  const focused = list.contains(document.activeElement) && document.activeElement.id;
  list.replaceChildren(...rows);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** The first element that matches, or null. */
export function find(selector, within = document) {
  return within.querySelector(selector);
}
