/**
 * The posts of a channel, or the replies to one of them, as lists and events say they are: the data
 * behind a timeline. Events carry their result, so that the same one twice is harmless.
 */

export class Posts {
  /** Posts by id, oldest first: those that are loaded, without a gap. */
  all = new Map();
  /** The ids behind which the next older and the next newer page begin; null at the end. */
  older = null;
  newer = null;

  #parentId;
  #meanwhile = null;

  constructor(parentId = null) {
    this.#parentId = parentId;
  }

  replace({ posts, next }) {
    this.all.clear();
    this.#meanwhile = null;
    this.older = this.#parentId ? null : next;
    this.newer = null;
    for (const post of posts) this.all.set(post.id, post);
    this.#sort();
  }

  /** Adds the next page, `older` or `newer`. */
  async extend(direction, fetchPage) {
    const pages = await this.#fetch(fetchPage, { [direction]: this[direction] });
    if (pages) this.#add(pages);
  }

  /** Loads the posts around one of them instead, if it exists. */
  async moveTo(id, fetchPage) {
    const pages = await this.#fetch(fetchPage, { older: id + 1, newer: id });
    if (pages?.older.posts[0]?.id !== id) return;
    this.all.clear();
    this.#add(pages);
  }

  /** Ignores the pages that are on their way. */
  cancel() {
    this.#meanwhile = null;
  }

  /** Promises the page in each direction; null if something else was wanted meanwhile. */
  async #fetch(fetchPage, behind) {
    const meanwhile = (this.#meanwhile = []);
    const asked = Object.entries(behind).map(async ([direction, id]) => {
      return [direction, await fetchPage(direction, id)];
    });
    const pages = Object.fromEntries(await Promise.all(asked));
    return this.#meanwhile === meanwhile ? pages : null;
  }

  /** Adds pages, and applies to them the events that came while they were on their way. */
  #add(pages) {
    for (const [direction, { posts, next }] of Object.entries(pages)) {
      for (const post of posts) this.all.set(post.id, post);
      this[direction] = next;
    }
    this.#sort();
    const seqs = Object.values(pages).flatMap(({ live }) => Object.values(live.topics));
    for (const event of this.#meanwhile) if (event.seq > Math.min(...seqs)) this.#apply(event);
    this.#meanwhile = null;
  }

  /** Applies an event; the ids of the posts that look different now, or are gone. */
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
    "person.changed": (person) => this.#rename(person),
  };

  #upsert(post) {
    const counted = this.#countReplies(post.parent);
    if ((post.parent?.id ?? null) !== this.#parentId || this.isBeyond(post.id)) return counted;
    const isLast = post.id > (this.newestId ?? 0);
    this.all.set(post.id, post);
    if (!isLast) this.#sort();
    return [post.id, ...counted];
  }

  /** Whether a post belongs to a page that is not loaded. */
  isBeyond(id) {
    const { older, newer } = this;
    return (older !== null && id < older) || (newer !== null && id > newer);
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

  #rename(person) {
    const theirs = [...this.all.values()].filter(({ author }) => author?.id === person.id);
    for (const post of theirs) this.all.set(post.id, { ...post, author: person });
    return theirs.map(({ id }) => id);
  }

  get newestId() {
    return [...this.all.keys()].at(-1) ?? null;
  }

  #sort() {
    const sorted = [...this.all.values()].sort((a, b) => a.id - b.id);
    this.all = new Map(sorted.map((post) => [post.id, post]));
  }
}
