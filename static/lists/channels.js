/** The channels of a group in the sidebar, with the number of unread posts in each. */

import { ask, askForAll } from "/static/api.js";
import { mentionBadge } from "/static/lists/mentions.js";
import { Unread } from "/static/lists/unread.js";
import { addressOf } from "/static/page/address.js";
import { attempt } from "/static/page/dialogs.js";
import { button, find, icon, make, replaceRows } from "/static/page/dom.js";
import { LiveQuery } from "/static/page/live_query.js";

const KINDS = { open: "", announce: "announcements", private: "private" };
const RELOADED_AFTER = [
  "channel.created",
  "channel.edited",
  "channel.deleted",
  "channel.joined",
  "channel.left",
];

/** Dispatches `changed` with the list, `counted` with what is unread, `group` if that changed. */
export class Channels extends EventTarget {
  isLoaded = false;
  #live;
  #me;
  #mentions;
  #group = null;
  #query = null;
  #entries = new Map();
  #current = null;

  constructor(live, me, mentions) {
    super();
    this.#live = live;
    this.#me = me;
    this.#mentions = mentions;
    mentions.addEventListener("changed", () => this.#render());
  }

  open(group) {
    if (group?.id === this.#group?.id) {
      const changed = group?.role !== this.#group?.role;
      this.#group = group;
      if (changed) this.#query?.load();
      return;
    }
    this.#group = group;
    this.isLoaded = false;
    this.#query?.end();
    for (const entry of this.#entries.values()) entry.end();
    this.#entries.clear();
    find("#of-group").hidden = !group;
    find("#channels").replaceChildren();
    if (!group) return;
    this.#query = new LiveQuery(this.#live, {
      fetch: (options) => askForAll(`/groups/${group.id}/channels`, "channels", options),
      show: (list) => this.#show(list),
      event: (event) => this.#apply(event),
    });
  }

  reload() {
    this.#query?.load();
  }

  find(id) {
    return this.#entries.get(id)?.entry ?? null;
  }

  get first() {
    return [...this.#entries.values()].find(({ entry }) => entry.readable)?.entry ?? null;
  }

  select(id) {
    this.#current = id;
    this.#render();
  }

  /** The number of unread posts in the whole group. */
  get unread() {
    return [...this.#entries.values()].reduce((sum, { count }) => sum + count, 0);
  }

  unreadOf(id) {
    return this.#entries.get(id)?.count ?? 0;
  }

  readUpTo(id, postId, options) {
    this.#entries.get(id)?.readUpTo(postId, options);
  }

  #show({ channels, live }) {
    const before = this.#entries;
    this.#entries = new Map();
    for (const channel of channels) {
      const known = before.get(channel.id);
      if (known && known.entry.readable === channel.readable) {
        const { name, description, kind, writable } = channel;
        Object.assign(known.entry, { name, description, kind, writable });
        this.#entries.set(channel.id, known);
        before.delete(channel.id);
      } else this.#entries.set(channel.id, this.#follow(channel, live));
    }
    for (const entry of before.values()) entry.end();
    this.isLoaded = true;
    this.#changed();
  }

  #follow(channel, { epoch, topics }) {
    if (!channel.readable) return { entry: channel, count: 0, end() {}, readUpTo() {} };
    const topic = `channel:${channel.id}`;
    const cursor = topic in topics ? { epoch, topics: { [topic]: topics[topic] } } : null;
    const changed = () => this.#render();
    return new Unread(this.#live, channel, { cursor, me: this.#me, changed });
  }

  #apply({ kind, data }) {
    if (data.gone) return;
    if (RELOADED_AFTER.includes(kind)) this.#query.load();
    else if (kind === "read_mark.moved") this.readUpTo(data.channel_id, data.post_id);
    else if (kind.startsWith("group.")) this.dispatchEvent(new Event("group"));
    else if (
      kind === "member.changed" &&
      data.id === this.#me.id &&
      data.role !== this.#group.role
    ) {
      this.dispatchEvent(new Event("group"));
    }
  }

  #changed() {
    this.#render();
    this.dispatchEvent(new Event("changed"));
  }

  #render() {
    if (!this.#group || !this.isLoaded) return;
    const isModerator = this.#group.role !== "member";
    find("#new-channel").hidden = !isModerator;
    const isEmpty = !this.#entries.size;
    find("#no-channels").hidden = !isEmpty;
    find("#no-channels").textContent = isModerator
      ? "No channels yet. Create the first one with the plus above."
      : "No channels yet. A moderator of the group can create one.";
    const rows = [...this.#entries.values()].map((one) => this.#row(one));
    replaceRows(find("#channels"), rows);
    this.dispatchEvent(new Event("counted"));
  }

  #row({ entry, count }) {
    const id = `to-channel-${entry.id}`;
    const name = make("span", { className: "name" }, entry.name);
    if (!entry.readable) {
      const join = button("Join", () => this.#join(entry), { id, className: "quiet" });
      join.ariaLabel = `Join ${entry.name}`;
      return make("li", { className: "locked" }, icon(entry.kind), name, join);
    }
    const isCurrent = entry.id === this.#current;
    const row = make(
      "a",
      { id, href: addressOf({ groupId: entry.group_id, channelId: entry.id }) },
      icon(entry.kind),
      name,
    );
    if (KINDS[entry.kind])
      row.append(make("span", { className: "hidden-label" }, ` (${KINDS[entry.kind]})`));
    if (isCurrent) row.setAttribute("aria-current", "page");
    if (this.#mentions.unreadInChannel(entry.id)) row.append(mentionBadge());
    if (count) {
      const text = count >= 100 ? "99+" : `${count}`;
      row.append(
        make(
          "span",
          { className: "count" },
          text,
          make("span", { className: "hidden-label" }, " unread"),
        ),
      );
      row.classList.add("has-unread");
    }
    return make("li", {}, row);
  }

  async #join(entry) {
    await attempt(() => ask("PUT", `/channels/${entry.id}/members/${this.#me.id}`));
  }
}
