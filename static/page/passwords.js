/** A button beside each password, which shows what is typed until the form is sent. */

import { button, find, make } from "./dom.js";

/** Adds the button to what is around the field of a password. */
function makeShowable(place) {
  const field = find("input", place);
  const name = field.labels[0].textContent.toLowerCase();
  const verb = make("span");
  const show = (isShown) => {
    field.type = isShown ? "text" : "password";
    verb.textContent = isShown ? "Hide" : "Show";
  };
  const toggle = button("", () => show(field.type === "password"), { className: "quiet" });
  toggle.append(verb, make("span", { className: "hidden-label" }, ` ${name}`));
  toggle.addEventListener("mousedown", (pressed) => pressed.preventDefault()); // keeps the focus
  for (const ending of ["submit", "reset"]) field.form.addEventListener(ending, () => show(false));
  show(false);
  place.append(toggle);
}

document.querySelectorAll(".password").forEach(makeShowable);
