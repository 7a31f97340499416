/** The mentions of you, and which of them are unread. */

import { askPatiently } from "../api.js";
import { make } from "../page/dom.js";
import { LiveQuery } from "../page/live_query.js";

const NEWEST = 100;
const RIGHTS = /^(membership|channel)\./u; // you may be able to read less now

/** Dispatches `changed`, `mentioned` with a new mention, and `told` with what else concerns oneself. */
export class Mentions extends EventTarget {
  #query;
  #all = new Map(); // by the id of the post
  #told = new Set(); // ids of posts: an event comes again after a list that was older
  #marks = new Map(); // read marks by the id of the channel; promises until they are known

  constructor(live) {
    super();
    this.#query = new LiveQuery(live, {
      fetch: (options) => askPatiently("GET", `/me/mentions?limit=${NEWEST}`, undefined, options),
      show: ({ mentions }) => this.#show(mentions),
      event: (event) => this.#apply(event),
    });
  }

  end() {
    this.#query.end();
  }

  /** The ids of the channels with unread ones. */
  get unreadChannels() {
    return new Set(this.#unread.map((mention) => mention.channel_id));
  }

  unreadInGroup(id) {
    return this.#unread.filter((mention) => mention.group_id === id).length;
  }

  /** The mentions, newest first, each with `isUnread`. */
  get newest() {
    const all = [...this.#all.values()].sort((a, b) => b.post_id - a.post_id);
    return all.map((mention) => ({ ...mention, isUnread: this.#isUnread(mention) }));
  }

  get #unread() {
    return [...this.#all.values()].filter((mention) => this.#isUnread(mention));
  }

  #isUnread({ post_id: postId, channel_id: channelId }) {
    const mark = this.#marks.get(channelId);
    return typeof mark === "number" && postId > mark;
  }

  #show(mentions) {
    this.#all = new Map(mentions.map((mention) => [mention.post_id, mention]));
    for (const { channel_id: id } of mentions) this.#findMark(id);
    this.#changed();
  }

  #apply({ kind, data }) {
    if (data.gone) return;
    if (kind === "mention.created") {
      this.#all.set(data.post_id, data);
      this.#findMark(data.channel_id);
      if (!this.#told.has(data.post_id))
        this.dispatchEvent(new CustomEvent("mentioned", { detail: data }));
      this.#told.add(data.post_id);
    } else if (kind === "mention.deleted") {
      for (const id of data.post_ids) this.#all.delete(id);
    } else if (kind === "person.changed") {
      for (const [id, mention] of this.#all)
        if (mention.by?.id === data.id) this.#all.set(id, { ...mention, by: data });
    } else if (kind === "read_mark.moved") this.#marks.set(data.channel_id, data.post_id);
    else {
      this.dispatchEvent(new CustomEvent("told", { detail: kind }));
      return RIGHTS.test(kind) && this.#query.load();
    }
    this.#changed();
  }

  async #findMark(id) {
    if (this.#marks.has(id)) return;
    const asked = askPatiently("GET", `/channels/${id}`, undefined, { patience: Infinity });
    this.#marks.set(id, asked);
    const channel = await asked.catch(() => null);
    if (this.#marks.get(id) !== asked) return; // it was moved meanwhile
    if (channel) this.#marks.set(id, channel.read_mark);
    else this.#marks.delete(id);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

/** The badge of a group or channel with unread mentions. */
export function mentionBadge() {
  const label = make("span", { className: "hidden-label" }, " you are mentioned");
  return make("span", { className: "mention-badge", title: "You are mentioned" }, "@", label);
}
