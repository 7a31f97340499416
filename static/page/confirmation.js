/**
 * A dialog that asks for the password where the server wants it again, on each page that imports
 * `dialogs.js`: what was asked is then done, as if nothing had been.
 */

import { ask, onPasswordNeeded } from "../api.js";
import { closed, find } from "./dom.js";
import { clearProblems, onSubmit } from "./forms.js";
import "./passwords.js";

const dialog = find("#confirmation");
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
  await closed(dialog);
  form.reset();
  asking = null;
  return dialog.returnValue === "given";
}
