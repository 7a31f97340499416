/** The list of groups, and the dialog of what an administrator does with one of them. */

import { Problem, ask } from "../api.js";
import { confirmed, notify, onClick } from "../page/dialogs.js";
import { find, onClosed } from "../page/dom.js";
import { clearProblems, onSubmit } from "../page/forms.js";
import { focusOpener, follow, refresh } from "./screen.js";

const dialog = find("#group-dialog");
const form = find("#owner-form");

let group = null; // whose dialog is open

find("#list").addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-group]");
  if (!opener) return;
  form.reset();
  clearProblems(form);
  show(JSON.parse(opener.dataset.group));
  dialog.showModal();
});

function show(shown) {
  group = shown;
  find("#group-title").textContent = group.name;
  form.hidden = !group.orphaned;
  find("#archive-group").textContent = group.archived ? "Take out of the archive" : "Archive";
  find("#enter-group").disabled = group.archived;
}

onSubmit(form, async ({ owner: username }) => {
  const query = new URLSearchParams({ search: username, limit: "100" });
  const { users } = await ask("GET", `/admin/users?${query}`);
  const found = users.find((user) => user.username.toLowerCase() === username.trim().toLowerCase());
  const unknown = { owner: "Nobody has this username." };
  if (!found) throw new Problem({ status: 404, code: "not_found", fields: unknown });
  show(await ask("PUT", `/admin/groups/${group.id}/owner`, { user_id: found.id }));
  notify(`${found.name} is an owner of ${group.name} now.`);
  await refresh();
});
onClick("#archive-group", async () => {
  const archived = !group.archived;
  const text = "Everything there can be read, and nothing is written any more.";
  if (archived && !(await confirmed(`Archive ${group.name}?`, text, "Archive"))) return;
  show(await ask("PATCH", `/admin/groups/${group.id}`, { archived }));
  notify(archived ? `${group.name} has been archived.` : `${group.name} is open again.`);
  await refresh();
});
onClick("#enter-group", async () => {
  const text = "Everybody there sees it, and its record says that you let yourself in.";
  if (!(await confirmed(`Join ${group.name}?`, text, "Join"))) return;
  await ask("PUT", `/admin/groups/${group.id}/membership`);
  location.assign(`/board#group=${group.id}`);
});
onClick("#delete-group", async () => {
  const text = "All channels, posts, files and documents of the group go. This cannot be undone.";
  if (!(await confirmed(`Delete ${group.name}?`, text, "Delete"))) return;
  await ask("DELETE", `/admin/groups/${group.id}`);
  notify(`${group.name} has been deleted.`);
  dialog.close();
  await refresh();
});
onClosed(dialog, () => focusOpener(`group-${group.id}`));
follow();
