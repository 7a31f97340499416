/** A channel in the list, with the number of posts by others after your read mark. */

import { askPatiently } from "/static/api.js";
import { LiveQuery } from "/static/page/live_query.js";

const COUNTED = 100; // the server stops counting there

export class Unread {
  /** The channel as in the list; events keep it up to date. */
  entry;
  #me;
  #before = 0; // unread when the list was made; which posts is not known
  #since = new Map(); // unread posts that came later: their ids, and those of their parents
  #hidden = new Set(); // came later, too, but already edited or deleted
  #query;
  #changed;

  /** `listed` is the channel in the list, `cursor` where its own topic was when that was made. */
  constructor(live, listed, { cursor, me, changed }) {
    this.#me = me;
    this.#changed = changed;
    this.#show(listed);
    let given = cursor && { ...listed, live: cursor };
    this.#query = new LiveQuery(live, {
      fetch: async (options) => {
        const first = given;
        given = null;
        return first ?? askPatiently("GET", `/channels/${listed.id}`, undefined, options);
      },
      show: (entry) => this.#show(entry),
      event: (event) => this.#apply(event),
    });
  }

  get count() {
    return Math.min(COUNTED, this.#before + this.#since.size);
  }

  /** Counts what is left after a post was read; nothing if the server says `isAll`. */
  readUpTo(postId, { isAll = false } = {}) {
    if (postId <= this.entry.read_mark && !isAll) return;
    this.entry.read_mark = Math.max(postId, this.entry.read_mark);
    for (const id of this.#since.keys()) if (id <= postId) this.#since.delete(id);
    if (isAll) this.#before = 0;
    else if (this.#before) this.#query.load();
    this.#changed();
  }

  end() {
    this.#query.end();
  }

  #show(entry) {
    this.entry = entry;
    this.#before = entry.unread;
    this.#since.clear();
    this.#hidden.clear();
    this.#changed();
  }

  #apply({ kind, data }) {
    if (kind === "channel.edited") Object.assign(this.entry, data);
    else if (kind === "post.deleted") this.#forget(data.id);
    else if (data.gone) return void (kind === "post.created" && this.#hidden.add(data.id));
    else if (kind === "post.created") this.#count(data);
    else if (kind === "post.edited" && this.#hidden.delete(data.id)) this.#count(data);
    else return;
    this.#changed();
  }

  #count({ id, author, parent }) {
    const isNew = author?.id !== this.#me.id && id > this.entry.read_mark;
    if (isNew) this.#since.set(id, parent?.id ?? null);
  }

  #forget(deletedId) {
    this.#hidden.delete(deletedId);
    for (const [id, parentId] of this.#since) {
      if (id === deletedId || parentId === deletedId) this.#since.delete(id);
    }
    if (this.#before) this.#query.load();
  }
}
