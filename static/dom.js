/** Building elements: text is always text, never markup. */

/** `make("p", { className: "hint" }, "Hello ", strong)`; with a hyphen: attributes. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-")) element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";
const ICONS = "/static/icons.svg";

/** Into the page itself: a reference to the file would be asked for anew, in vain when offline. */
async function keepIcons() {
  const text = await (await fetch(ICONS)).text();
  const icons = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  for (const symbol of icons.children) symbol.id = `icon-${symbol.id}`;
  icons.setAttribute("hidden", "");
  document.body.append(icons);
}

keepIcons().catch(() => null); // whatever has one has a label, too

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#icon-${name}`);
  svg.append(use);
  return svg;
}

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

/** The picture of a person; without one, two letters on a colour of their own. */
export function avatar(person) {
  const words = (person?.name ?? "?").trim().split(/\s+/u);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map(
    (word) => [...word][0] ?? "",
  );
  const element = make("span", { className: "avatar", "aria-hidden": "true" });
  element.textContent = letters.join("").toUpperCase();
  element.dataset.hue = person ? person.id % 8 : "none";
  if (person?.avatar) {
    const picture = make("img", { alt: "", src: person.avatar, decoding: "sync" });
    picture.addEventListener("error", () => picture.remove());
    element.append(picture);
  }
  return element;
}

/** In place of the rows before; who stood on one of them stands on that with the same id. */
export function replaceRows(list, rows) {
  const focused = list.contains(document.activeElement) && document.activeElement.id;
  list.replaceChildren(...rows);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

export function find(selector, within = document) {
  return within.querySelector(selector);
}
