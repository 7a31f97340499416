/** The list of backups, and what an administrator does with them. */

import { ask } from "../api.js";
import { confirmed, copy, notify, onClick } from "../page/dialogs.js";
import { find, make, onClosed } from "../page/dom.js";
import { minuteOf, sizeOf } from "../page/format.js";
import { onSubmit } from "../page/forms.js";
import { focusOpener, follow, refresh } from "./screen.js";

const making = find("#new-backup-dialog");
const form = find("#new-backup-form");
const dialog = find("#backup-dialog");
const fetching = find("#fetch-backup"); // where it is allowed

let backup = null; // whose dialog is open

find("#new-backup").addEventListener("click", () => {
  form.reset();
  making.showModal();
});
onSubmit(form, async ({ kind }) => {
  await ask("POST", "/admin/backups", { with_files: kind === "everything" });
  making.close();
  await refresh();
});

find("#list").addEventListener("click", ({ target }) => {
  const opener = target.closest("[data-backup]");
  if (!opener) return;
  show(JSON.parse(opener.dataset.backup), "away" in opener.dataset);
  dialog.showModal();
});

function show(shown, isAway) {
  backup = shown;
  const { name, node, state, elsewhere, size_bytes: size, sha256 } = backup;
  const isDone = state === "done";
  const about = [name, isAway && `on ${node}`, isDone && sizeOf(size)];
  find("#backup-title").textContent = `Backup of ${minuteOf(backup.made_at ?? backup.created_at)}`;
  find("#backup-about").textContent = about.filter(Boolean).join(" · ");
  if (fetching) fetching.hidden = !isDone || isAway || elsewhere;
  find("#fetch-hint").hidden = !isDone || isAway || elsewhere;
  find("#delete-backup").textContent = verbFor(backup);
  find("#backup-use").hidden = !isDone;
  find("#restore-command").textContent = `python main.py restore ${pathOf(backup)}`;
  find("#backup-sha256").textContent = sha256;
}

function verbFor({ state, elsewhere }) {
  if (elsewhere) return "Forget it";
  return state === "waiting" || state === "running" ? "Do not make it" : "Delete";
}

/** The path of its file, as a terminal takes it. */
function pathOf({ name, elsewhere }) {
  const path = elsewhere ? name : `${dialog.dataset.folder}/${name}`;
  return /\s/u.test(path) ? `"${path}"` : path;
}

onClick("#copy-restore-command", () =>
  copy(find("#restore-command").textContent, find("#copy-restore-command")),
);
if (fetching)
  onClick("#fetch-backup", async () => {
    const { url } = await ask("POST", `/admin/backups/${backup.id}/links`);
    make("a", { href: url, download: "" }).click();
    dialog.close();
  });
onClick("#delete-backup", async () => {
  const verb = verbFor(backup);
  const text = backup.elsewhere
    ? "The file stays where it is, and is no longer listed here."
    : "Its file is deleted. This cannot be undone.";
  if (verb !== "Do not make it" && !(await confirmed(`${verb}?`, text, verb))) return;
  await ask("DELETE", `/admin/backups/${backup.id}`);
  dialog.close();
  notify(backup.elsewhere ? "It is no longer listed." : "The backup is gone.");
  await refresh();
});
onClosed(dialog, () => focusOpener(`backup-${backup.id}`));
follow();
