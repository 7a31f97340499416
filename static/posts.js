/**
 * The posts of a channel, or the replies to one of them, as lists and events say they are. Knows
 * nothing of the page. Events carry what results from them, so that the same one twice is harmless.
 */

export class Posts {
  /** By id, in their order. */
  all = new Map();
  /** Where the next older page begins; null when everything is here. */
  older = null;

  #parentId;
  #meanwhile = null;

  constructor(parentId = null) {
    this.#parentId = parentId;
  }

  replace({ posts, next }) {
    this.all.clear();
    this.#meanwhile = null;
    this.older = this.#parentId ? null : next;
    for (const post of posts) this.all.set(post.id, post);
    this.#sort();
  }

  /**
   * Fetches the next older page. What happens while it is on its way may be newer than it: that is
   * applied to it once more.
   */
  async addOlder(fetchPage) {
    const meanwhile = (this.#meanwhile = []);
    const { posts, next, live } = await fetchPage(this.older);
    if (this.#meanwhile !== meanwhile) return; // the whole list was replaced
    this.#meanwhile = null;
    for (const post of posts) this.all.set(post.id, post);
    this.older = next;
    this.#sort();
    const [seq] = Object.values(live.topics);
    for (const event of meanwhile) if (event.seq > seq) this.#apply(event);
  }

  /** Ids of the posts that look different now, and of those that are gone. */
  apply(event) {
    this.#meanwhile?.push(event);
    return this.#apply(event);
  }

  #apply({ kind, data }) {
    if (data.gone) return [];
    const apply = this.#kinds[kind];
    return apply ? apply(data) : [];
  }

  #kinds = {
    "post.created": (post) => this.#upsert(post),
    "post.edited": (post) => this.#upsert(post),
    "post.deleted": ({ id, parent }) => [
      ...(this.all.delete(id) ? [id] : []),
      ...this.#countReplies(parent),
    ],
    "reaction.added": (reaction) => this.#react(reaction),
    "reaction.removed": (reaction) => this.#react(reaction),
  };

  #upsert(post) {
    const counted = this.#countReplies(post.parent);
    if ((post.parent?.id ?? null) !== this.#parentId || this.#isBefore(post.id)) return counted;
    const isLast = post.id > (this.newestId ?? 0);
    this.all.set(post.id, post);
    if (!isLast) this.#sort();
    return [post.id, ...counted];
  }

  /** Of a page that has not been asked for. */
  #isBefore(id) {
    return this.older !== null && id < this.older;
  }

  #countReplies(parent) {
    const post = parent && this.all.get(parent.id);
    if (!post) return [];
    this.all.set(post.id, { ...post, reply_count: parent.reply_count });
    return [post.id];
  }

  #react({ id, emoji, user_ids: userIds }) {
    const post = this.all.get(id);
    if (!post) return [];
    const isNew = post.reactions.every((reaction) => reaction.emoji !== emoji);
    const changed = { emoji, user_ids: userIds };
    const reactions = isNew
      ? [...post.reactions, changed]
      : post.reactions.map((reaction) => (reaction.emoji === emoji ? changed : reaction));
    const left = reactions.filter((reaction) => reaction.user_ids.length);
    this.all.set(id, { ...post, reactions: left });
    return [id];
  }

  get newestId() {
    return [...this.all.keys()].at(-1) ?? null;
  }

  #sort() {
    const sorted = [...this.all.values()].sort((a, b) => a.id - b.id);
    this.all = new Map(sorted.map((post) => [post.id, post]));
  }
}
