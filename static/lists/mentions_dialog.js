/** The dialog with the mentions of you, newest first: each leads to its post. */

import { addressOfPost } from "../page/address.js";
import { avatar, find, make, replaceRows, time } from "../page/dom.js";
import { personName, shortlyOf } from "../page/format.js";

export class MentionsDialog {
  #mentions;
  #people;
  #nameOf;
  #dialog = find("#mentions-dialog");

  /** `nameOf(channelId, groupId)` promises what a channel and its group are called. */
  constructor(mentions, people, nameOf) {
    this.#mentions = mentions;
    this.#people = people;
    this.#nameOf = nameOf;
    find("#open-mentions").addEventListener("click", () => this.#dialog.showModal());
    find("#mentions").addEventListener("click", ({ target }) => {
      if (target.closest("a")) this.#dialog.close();
    });
    for (const shown of [mentions, people])
      shown.addEventListener("changed", () => this.#show());
  }

  #show() {
    const { newest } = this.#mentions;
    find("#no-mentions").hidden = newest.length > 0;
    const rows = newest.map((mention) => this.#row(mention));
    replaceRows(find("#mentions"), rows);
    const count = newest.filter(({ isUnread }) => isUnread).length;
    find("#open-mentions").classList.toggle("has-unread", count > 0);
    find("#mentions-label").textContent = count ? `Mentions, ${count} unread` : "Mentions";
  }

  #row(mention) {
    const { by, channel_id: channelId, group_id: groupId, created_at: at, isUnread } = mention;
    const person = this.#people.of(by);
    const where = make("span", { className: "hint" });
    this.#nameOf(channelId, groupId).then((name) => (where.textContent = name));
    const name = make("span", { className: "person" }, personName(person), where);
    const unread = make("span", { className: "hidden-label" }, "unread");
    const id = `to-mention-${mention.post_id}`;
    const address = { id, href: addressOfPost(mention) };
    const link = make("a", address, avatar(person), name, time(at, shortlyOf(at)));
    if (isUnread) link.append(unread);
    link.classList.toggle("has-unread", isUnread);
    return make("li", {}, link);
  }
}
