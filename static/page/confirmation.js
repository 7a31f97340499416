/**
 * A dialog that asks for the password where the server wants it again, on each page that imports
 * `dialogs.js`: what was asked is then done, as if nothing had been.
 */

import { ask, onPasswordNeeded } from "../api.js";
import { button, find, make } from "./dom.js";
import { clearProblems, onSubmit } from "./forms.js";
import { makeShowable } from "./passwords.js";

const dialog = makeDialog();
const form = find("form", dialog);

let asking = null; // the promise of the open question

onSubmit(form, async (values) => {
  await ask("POST", "/sessions/current/confirmation", values);
  dialog.close("given");
});

onPasswordNeeded(() => (asking ??= askForPassword()));

async function askForPassword() {
  form.reset();
  clearProblems(form);
  dialog.returnValue = "";
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  form.reset();
  asking = null;
  return dialog.returnValue === "given";
}

function makeDialog() {
  const field = make("input", {
    id: "confirmation-password",
    name: "password",
    type: "password",
    required: true,
    autocomplete: "current-password",
    autocapitalize: "none",
    spellcheck: false,
    enterKeyHint: "go",
    autofocus: true,
  });
  const place = make("div", { className: "password" }, field);
  const label = make("label", { htmlFor: field.id }, "Password");
  const cancel = button("Cancel", () => made.close());
  const go = make("button", { className: "primary", type: "submit" }, "Continue");
  const made = make(
    "dialog",
    { id: "confirmation", "aria-labelledby": "confirmation-title" },
    make("h2", { id: "confirmation-title" }, "Enter your password again"),
    make("p", { className: "hint" }, "So that nobody but you does this here."),
    make(
      "form",
      { method: "post" },
      make("div", { className: "field" }, label, place),
      make("p", { className: "verbs" }, go, cancel),
    ),
  );
  document.body.append(made);
  makeShowable(place);
  return made;
}
