/** The dialog about a group: what it is called, its archive, its end, and leaving it. */

import { Problem, ask, askPatiently } from "../api.js";
import { attempt, confirmed } from "../page/dialogs.js";
import { find, onClosed } from "../page/dom.js";
import { Export } from "../page/export.js";
import { changesOf, clearProblems, onSubmit } from "../page/forms.js";

export class GroupDialog {
  #context;
  #group = null;
  #filled = null; // the group as it was when the form was filled
  #dialog = find("#about-group");
  #form = find("#group-form");
  #deleting = find("#delete-group-dialog");
  #export = null;

  /** @param {import("../page/context.js").Context} context */
  constructor(context) {
    this.#context = context;
    onClosed(this.#dialog, () => this.#showExport(false));
    find("#leave-group").addEventListener("click", () => this.#leave());
    find("#archive-group").addEventListener("click", () => this.#archive());
    find("#delete-group").addEventListener("click", () => this.#askToDelete());
    onSubmit(this.#form, (values) => this.#change({ description: "", ...values }));
    onSubmit(find("form", this.#deleting), (values) => this.#delete(values));
  }

  /** Is in line with the open group, which may have been changed. */
  show() {
    const { group } = this.#context;
    if (!this.#dialog.open) return;
    if (group?.id !== this.#group.id) return this.#close();
    this.#group = group;
    this.#show();
  }

  open() {
    this.#group = this.#filled = this.#context.group;
    const { name, description } = this.#form.elements;
    clearProblems(this.#form);
    [name.value, description.value] = [this.#group.name, this.#group.description];
    this.#showExport(this.#group.role === "owner");
    this.#show();
    this.#dialog.showModal();
  }

  #close() {
    this.#deleting.close();
    this.#dialog.close();
  }

  #show() {
    const { name, description, archived, role } = this.#group;
    const isOwner = role === "owner";
    find("#about-group-title").textContent = name;
    find("#group-is-archived").hidden = !archived;
    this.#form.hidden = !isOwner || archived;
    find("#group-about").hidden = !this.#form.hidden || !description;
    find("#group-about").textContent = description;
    find("#of-moderators").hidden = role === "member";
    find("#of-owners").hidden = !isOwner;
    find("#delete-group").hidden = !isOwner;
    find("#archive-group").textContent = archived ? "Take out of the archive" : "Archive";
    find("#archive-hint").textContent = archived
      ? "Then everybody can write again."
      : "Everything stays and can be read, but nothing can be written until you take it out again.";
  }

  #showExport(isShown) {
    this.#export?.end();
    this.#export = isShown ? new Export(this.#context.live, this.#group.id) : null;
    find("#export-group").replaceChildren(...(isShown ? [this.#export.element] : []));
  }

  async #change(values) {
    await askPatiently("PATCH", `/groups/${this.#group.id}`, changesOf(this.#filled, values));
    this.#dialog.close();
  }

  async #archive() {
    const { id, name, archived } = this.#group;
    const text =
      "Everybody can read it as before, and nobody can write until you take it out again.";
    if (!archived && !(await confirmed(`Archive ${name}?`, text, "Archive"))) return;
    await attempt(() => askPatiently("PATCH", `/groups/${id}`, { archived: !archived }));
  }

  #askToDelete() {
    const form = find("form", this.#deleting);
    form.reset();
    clearProblems(form);
    find("#delete-group-title").textContent = `Delete ${this.#group.name}?`;
    this.#deleting.showModal();
  }

  async #delete({ typed }) {
    const { id, name } = this.#group;
    if (typed.trim() !== name.trim()) {
      const fields = { typed: `The group is called “${name}”.` };
      throw new Problem({ code: "not_its_name", fields });
    }
    await ask("DELETE", `/groups/${id}`);
    this.#close();
  }

  async #leave() {
    const { id, name } = this.#group;
    const text = "You will need a join code to come back.";
    if (!(await confirmed(`Leave ${name}?`, text, "Leave"))) return;
    const path = `/groups/${id}/members/${this.#context.me.id}`;
    if (await attempt(() => ask("DELETE", path))) this.#close();
  }
}
