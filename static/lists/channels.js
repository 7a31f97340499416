/** The channels of a group in the sidebar, with the number of unread posts in each. */

import { ask, askForAll } from "../api.js";
import { ChannelUpdates } from "./channel_updates.js";
import { mentionBadge } from "./mentions.js";
import { Unread } from "./unread.js";
import { addressOf } from "../page/address.js";
import { attempt } from "../page/dialogs.js";
import { button, find, icon, make } from "../page/dom.js";
import { LiveQuery } from "../page/live_query.js";
import { Rows } from "../page/rows.js";

const KINDS = { open: "", announce: "announcements", private: "private" };
const CHANGES = /^channel\.(created|edited|deleted|joined|left)$/u;
const FOLLOWED = /^(group|user):/u; // `live` has each channel, too
const MOST = 5000;

/**
 * Dispatches `changed` with the list, `counted` with what is unread, `role` with one's new role in
 * the group, and `group` if the groups may have changed.
 */
export class Channels extends EventTarget {
  isLoaded = false;
  #live;
  #me;
  #mentions;
  #group = null;
  #query = null;
  #listed = new Map(); // by id, in their order
  #updates = null;
  #current = null;
  #rows = new Rows(find("#channels"));

  constructor(live, me, mentions) {
    super();
    this.#live = live;
    this.#me = me;
    this.#mentions = mentions;
    mentions.addEventListener("changed", () => this.#render());
    live.watch({
      watching: () => this.#query?.loaded.then(() => this.reload()),
      newest: (groups) => this.#hear(groups[this.#group?.id] ?? {}),
    });
  }

  open(group) {
    if (group?.id === this.#group?.id) {
      const changed = rightsOf(group) !== rightsOf(this.#group);
      this.#group = group;
      if (changed) this.reload();
      return;
    }
    this.#group = group;
    this.isLoaded = false;
    this.#query?.end();
    this.#updates?.end();
    this.#query = this.#updates = null;
    this.#listed.clear();
    find("#of-group").hidden = !group;
    this.#rows.show([]);
    if (!group) return;
    const path = `/groups/${group.id}/channels`;
    this.#updates = new ChannelUpdates(path, {
      ids: () => [...this.#listed.keys()],
      show: (...part) => this.#show(...part),
    });
    this.#query = new LiveQuery(this.#live, {
      fetch: async (options) => {
        this.#updates.restart(); // what was asked before must not be shown after this
        const { live, channels } = await askForAll(path, "channels", { ...options, most: MOST });
        const topics = Object.entries(live.topics).filter(([name]) => FOLLOWED.test(name));
        return { channels, live: { ...live, topics: Object.fromEntries(topics) } };
      },
      show: ({ channels }) => {
        this.#show(channels);
        this.dispatchEvent(new Event("group")); // events of the group are followed from here on
      },
      event: (event) => this.#apply(event),
    });
  }

  reload() {
    this.#query?.load();
  }

  find(id) {
    return this.#listed.get(id)?.entry ?? null;
  }

  get first() {
    return [...this.#listed.values()].find(({ entry }) => entry.readable)?.entry ?? null;
  }

  select(id) {
    this.#current = id;
    this.#render();
  }

  /** The number of unread posts in the whole group. */
  get unread() {
    return [...this.#listed.values()].reduce((sum, { count }) => sum + count, 0);
  }

  unreadOf(id) {
    return this.#listed.get(id)?.count ?? 0;
  }

  /** Counts a post in the open channel, by its event. */
  count(id, post) {
    if (post.gone || post.author?.id === this.#me.id) return;
    this.#listed.get(id)?.post(post.id);
    this.#render();
  }

  readUpTo(id, postId) {
    if (this.#listed.get(id)?.readUpTo(postId)) this.#updates.add(id, { isUrgent: true });
    this.#render();
  }

  /** Asks for an entry again: events of a channel are followed only while it is open. */
  refresh(id) {
    this.#updates?.add(id, { isUrgent: true });
  }

  #hear(channels) {
    const query = this.#query;
    if (query?.isLoading && !this.isLoaded) // the list on its way may be older
      query.loaded.then(() => query === this.#query && this.#hear(channels));
    if (!this.isLoaded) return;
    for (const [id, newest] of Object.entries(channels)) {
      const listed = this.#listed.get(Number(id));
      if (!listed || listed.hear(newest)) this.#updates.add(Number(id));
    }
    this.#render();
  }

  #apply({ kind, data }) {
    if (data.gone) return;
    if (CHANGES.test(kind)) this.#updates.add(data.id, { isUrgent: true });
    else if (kind === "read_mark.moved" && this.find(data.channel_id))
      this.readUpTo(data.channel_id, data.post_id);
    else if (kind === "read_mark.moved" || kind.startsWith("group."))
      this.dispatchEvent(new Event("group"));
    else if (
      kind === "member.changed" &&
      data.id === this.#me.id &&
      data.role !== this.#group.role
    ) {
      this.dispatchEvent(new CustomEvent("role", { detail: data.role }));
    }
  }

  /** Takes over all channels that there are between two ids. */
  #show(channels, from = 0, end = Infinity) {
    const there = new Set(channels.map(({ id }) => id));
    const gone = [...this.#listed.keys()].filter((id) => from <= id && id <= end && !there.has(id));
    for (const id of gone) this.#listed.delete(id);
    let isChanged = gone.length > 0 || !this.isLoaded;
    for (const channel of channels) {
      const known = this.#listed.get(channel.id);
      isChanged ||= !known || looksOf(known.entry) !== looksOf(channel);
      if (!known) this.#listed.set(channel.id, new Unread(channel));
      else if (known.list(channel)) this.#updates.add(channel.id);
    }
    this.#listed = new Map([...this.#listed].sort(([a], [b]) => a - b));
    this.isLoaded = true;
    this.#render();
    if (isChanged) this.dispatchEvent(new Event("changed"));
  }

  #render() {
    if (!this.#group || !this.isLoaded) return;
    const isModerator = this.#group.role !== "member";
    find("#new-channel").hidden = !isModerator || this.#group.archived;
    const isEmpty = !this.#listed.size;
    find("#no-channels").hidden = !isEmpty;
    find("#no-channels").textContent = isModerator
      ? "No channels yet. Create the first one with the plus above."
      : "No channels yet. A moderator of the group can create one.";
    const mentioned = this.#mentions.unreadChannels;
    const rows = [...this.#listed.values()].map(({ entry, count }) => {
      const { id, name, kind, readable } = entry;
      const isCurrent = id === this.#current;
      const isMentioned = mentioned.has(id);
      const looks = [name, kind, readable, count, isCurrent, isMentioned].join("\n");
      return { id, looks, entry, count, isCurrent, isMentioned };
    });
    this.#rows.show(rows, (row) => this.#row(row));
    this.dispatchEvent(new Event("counted"));
  }

  #row({ entry, count, isCurrent, isMentioned }) {
    const id = `to-channel-${entry.id}`;
    const name = make("span", { className: "name" }, entry.name);
    if (!entry.readable) {
      const join = button("Join", () => this.#join(entry), { id, className: "quiet" });
      join.ariaLabel = `Join ${entry.name}`;
      return make("li", { className: "locked" }, icon(entry.kind), name, join);
    }
    const row = make(
      "a",
      { id, href: addressOf({ groupId: entry.group_id, channelId: entry.id }) },
      icon(entry.kind),
      name,
    );
    if (KINDS[entry.kind])
      row.append(make("span", { className: "hidden-label" }, ` (${KINDS[entry.kind]})`));
    if (isCurrent) row.setAttribute("aria-current", "page");
    if (isMentioned) row.append(mentionBadge());
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

/** What decides what can be done in its channels. */
function rightsOf(group) {
  return group && JSON.stringify([group.role, group.archived, group.muted_until]);
}

/** What else than its posts a channel looks like. */
function looksOf({ name, description, kind, readable, writable, ...others }) {
  const { has_scores: hasScores, seconds_between_posts: pause } = others;
  return JSON.stringify([name, description, kind, readable, writable, hasScores, pause]);
}
