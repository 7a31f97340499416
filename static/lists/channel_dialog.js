/** The dialog to create a channel, or to change its name, its kind, its pace, and who is in a private one. */

import { ask, askPatiently, newKey } from "../api.js";
import { addressOf } from "../page/address.js";
import { attempt, confirmed } from "../page/dialogs.js";
import { avatar, find, make } from "../page/dom.js";
import { durationOf } from "../page/format.js";
import { changesOf, clearProblems, onSubmit } from "../page/forms.js";
import { visit } from "../page/layers.js";

const PAUSES_S = [0, 10, 30, 60, 300, 900, 3600];

export class ChannelDialog {
  #me;
  #people;
  #group = null;
  #channel = null; // as it was when the form was filled; null while one is being created
  #dialog = find("#channel-dialog");
  #form = find("#channel-form");

  /** @param {import("../page/context.js").Context} context */
  constructor({ me, people }) {
    this.#me = me;
    this.#people = people;
    onSubmit(this.#form, (values) => this.#save(values));
    find("#delete-channel").addEventListener("click", () => this.#delete());
  }

  async open(group, channel = null) {
    this.#group = group;
    this.#channel = channel && { ...channel };
    this.#form.reset();
    clearProblems(this.#form);
    find("#channel-dialog-title").textContent = channel ? "Channel settings" : "Create a channel";
    find("[type=submit]", this.#form).textContent = channel ? "Save" : "Create channel";
    find("#delete-channel").hidden = !channel;
    find("#channel-people").hidden = true;
    find("#slow-mode").hidden = !channel;
    if (channel) {
      this.#showSlowMode(channel.seconds_between_posts);
      const { name, description, kind } = this.#form.elements;
      [name.value, description.value, kind.value] = [
        channel.name,
        channel.description,
        channel.kind,
      ];
      if (channel.kind === "private") await attempt(() => this.#listPeople());
    }
    this.#dialog.showModal();
  }

  #showSlowMode(seconds) {
    const choices = [...new Set([...PAUSES_S, seconds])].sort((a, b) => a - b);
    const nameOf = (pause) => (pause ? `Once in ${durationOf(pause)}` : "As often as they like");
    const options = choices.map((pause) => new Option(nameOf(pause), pause));
    const { seconds_between_posts: field } = this.#form.elements;
    field.replaceChildren(...options);
    field.value = seconds;
  }

  async #listPeople() {
    const { member_ids: ids } = await askPatiently("GET", `/channels/${this.#channel.id}`);
    const rows = this.#people.all.map((member) => {
      const box = make("input", {
        type: "checkbox",
        checked: ids.includes(member.id),
        disabled: member.id === this.#me.id,
      });
      box.addEventListener("change", () => this.#letIn(member, box));
      const username = make("span", { className: "hint" }, ` @${member.username}`);
      const name = make("span", {}, member.name, username);
      return make("li", {}, make("label", {}, box, avatar(member), name));
    });
    find(".people", find("#channel-people")).replaceChildren(...rows);
    find("#channel-people").hidden = false;
  }

  async #letIn(member, box) {
    const method = box.checked ? "PUT" : "DELETE";
    const path = `/channels/${this.#channel.id}/members/${member.id}`;
    if (!(await attempt(() => ask(method, path)))) box.checked = !box.checked;
  }

  async #save(values) {
    if (this.#channel) return this.#change(values);
    const path = `/groups/${this.#group.id}/channels`;
    const { seconds_between_posts: _, ...made } = values;
    const channel = await askPatiently("POST", path, made, { key: newKey() });
    visit(addressOf({ groupId: channel.group_id, channelId: channel.id }));
  }

  async #change(values) {
    const { id, name, kind } = this.#channel;
    const seconds = Number(values.seconds_between_posts);
    const typed = { description: "", ...values, seconds_between_posts: seconds };
    const changes = changesOf(this.#channel, typed);
    if (kind === "private" && changes.kind) {
      const text =
        "Everybody in the group will read every post, reply and file that was ever in it, and so " +
        "will whoever joins later. That includes what people wrote who have left.";
      if (!(await confirmed(`Open ${name}?`, text, "Open"))) return;
      changes.publish_history = true;
    }
    await askPatiently("PATCH", `/channels/${id}`, changes);
    this.#dialog.close();
  }

  async #delete() {
    const text = "All of its posts will be deleted for everybody.";
    if (!(await confirmed(`Delete ${this.#channel.name}?`, text, "Delete"))) return;
    if (await attempt(() => ask("DELETE", `/channels/${this.#channel.id}`))) this.#dialog.close();
  }
}
