/** The list of people, and the dialog of what an administrator does with one of them. */

import { ask } from "../api.js";
import { confirmed, notify, onClick } from "../page/dialogs.js";
import { find, onClosed } from "../page/dom.js";
import { showResetLink } from "../page/reset_link.js";
import { focusOpener, follow, refresh } from "./screen.js";

const NO_ADMINISTRATOR = "Take the administration away";
const dialog = find("#person-dialog");

let person = null; // whose dialog is open

find("#list").addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-person]");
  if (!opener) return;
  show(JSON.parse(opener.dataset.person));
  dialog.showModal();
});

function show(shown) {
  person = shown;
  const { id, name, username, email, role, state, may_enrol: mayEnrol } = person;
  find("#person-title").textContent = name;
  find("#person-about").textContent = [`@${username}`, email].filter(Boolean).join(" · ");
  find("#set-role").textContent = role === "admin" ? NO_ADMINISTRATOR : "Make an administrator";
  find("#set-enrol").textContent = mayEnrol ? "Take the right to enrol away" : "Allow to enrol a class";
  find("#set-active").textContent = state === "inactive" ? "Let in again" : "Deactivate";
  find("#help-back").disabled = state === "inactive";
  find("#acts-by").href = `/admin/audit?by_id=${id}`;
  find("#acts-on").href = `/admin/audit?person_id=${id}`;
}

/** Changes the account, and shows what became of it. */
async function change(changes, done) {
  const changed = await ask("PATCH", `/users/${person.id}`, changes);
  const { role, active, may_enrol } = changed;
  const before = person.state === "inactive" ? "active" : person.state;
  show({ ...person, role, may_enrol, state: active ? before : "inactive" });
  notify(done);
  await refresh();
}

onClick("#set-role", async () => {
  const role = person.role === "admin" ? "member" : "admin";
  const [title, text, verb] =
    role === "admin"
      ? [
          `Make ${person.name} an administrator?`,
          "An administrator may do all that you may do here, also with your own account.",
          "Make an administrator",
        ]
      : [
          `Take the administration from ${person.name}?`,
          "The account stays, with its groups, and no longer sees these pages.",
          NO_ADMINISTRATOR,
        ];
  if (await confirmed(title, text, verb)) await change({ role }, "The role has been changed.");
});
onClick("#set-enrol", () => change({ may_enrol: !person.may_enrol }, "The right has been changed."));
onClick("#set-active", async () => {
  if (person.state === "inactive") return change({ active: true }, `${person.name} may sign in again.`);
  const text = "Whoever has it is signed out everywhere at once, and nobody signs in to the account any more.";
  if (await confirmed(`Deactivate ${person.name}?`, text, "Deactivate"))
    await change({ active: false }, `${person.name} has been deactivated.`);
});
onClick("#end-sessions", async () => {
  await ask("DELETE", `/users/${person.id}/sessions`);
  notify(`${person.name} has been signed out everywhere.`);
});
onClick("#help-back", () => showResetLink(person));
onClick("#delete-person", async () => {
  const text = "The account is gone at once, with its files and messages to itself. What its person has written in groups stays, without a name. This cannot be undone.";
  if (!(await confirmed(`Delete ${person.name}?`, text, "Delete"))) return;
  await ask("DELETE", `/users/${person.id}`);
  notify(`The account of ${person.name} has been deleted.`);
  dialog.close();
  await refresh();
});
onClosed(dialog, () => focusOpener(`person-${person.id}`));
follow();
