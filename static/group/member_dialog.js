/** What moderators can do about one member: mute her, remove her, ban her, help her back in. */

import { ask, askPatiently } from "../api.js";
import { onClick } from "../page/dialogs.js";
import { find } from "../page/dom.js";
import { dateOf, dateOfDay, fullyOf } from "../page/format.js";
import { clearProblems, onSubmit } from "../page/forms.js";
import { showResetLink } from "../page/reset_link.js";
import { mute } from "./mute.js";

export class MemberDialog {
  #context;
  #member = null;
  #groupId;
  #dialog = find("#member-dialog");
  #muting = find("#mute-form");
  #helping = find("#reset-link-form");
  #removing = find("#remove-form");

  /** @param {import("../page/context.js").Context} context */
  constructor(context) {
    this.#context = context;
    onSubmit(this.#muting, ({ hours }) => mute(this.#groupId, this.#member.id, Number(hours)));
    onSubmit(this.#helping, () => showResetLink(this.#member));
    onSubmit(this.#removing, () => this.#remove());
    onClick("#unmute", () => this.#unmute());
    this.#removing.elements.ban.addEventListener("change", () => this.#showVerb());
    context.people.addEventListener("changed", () => this.#show());
  }

  open(member) {
    this.#member = member;
    this.#groupId = this.#context.group.id;
    for (const form of [this.#muting, this.#helping, this.#removing]) {
      form.reset();
      clearProblems(form);
    }
    this.#showVerb();
    this.#dialog.showModal();
    this.#show();
  }

  get #path() {
    return `/groups/${this.#groupId}/members/${this.#member.id}`;
  }

  /** Shows the member as known now; one who has left is gone from here. */
  #show() {
    if (!this.#dialog.open) return;
    const { people, group } = this.#context;
    const member = people.all.find(({ id }) => id === this.#member.id);
    if (!member || group?.id !== this.#groupId) return this.#dialog.close();
    this.#member = member;
    const until = people.mutedUntil(member.id);
    const seen = people.lastSeen(member.id);
    find("#member-title").textContent = member.name;
    const about = [`@${member.username}`, `member since ${dateOf(member.joined_at)}`];
    find("#member-about").textContent = [...about, seen && `last seen on ${dateOfDay(seen)}`]
      .filter(Boolean)
      .join(" · ");
    const isAlike = member.role === group.role; // another owner
    this.#muting.hidden = find("#ban-choices").hidden = isAlike;
    this.#helping.hidden = isAlike || group.role !== "owner";
    find("#mute-state").hidden = find("#unmute").hidden = !until;
    find("#mute-state").textContent = until ? `Muted until ${fullyOf(until)}.` : "";
    find("[type=submit]", this.#muting).textContent = until ? "Change" : "Mute";
  }

  async #unmute() {
    await askPatiently("DELETE", `${this.#path}/mute`);
    find("[type=submit]", this.#muting).focus();
  }

  #showVerb() {
    const { ban } = this.#removing.elements;
    const verb = find("[type=submit]", this.#removing);
    verb.textContent = ban.checked ? "Remove and ban" : "Remove from the group";
    find("#new-code-choice").hidden = !ban.checked;
  }

  async #remove() {
    const { ban, new_code: newCode } = this.#removing.elements;
    const path = `/groups/${this.#groupId}/bans/${this.#member.id}`;
    if (ban.checked) await ask("PUT", path, { new_code: newCode.checked });
    else await ask("DELETE", this.#path);
    this.#dialog.close();
    find("#members-title").focus();
  }
}
