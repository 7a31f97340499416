/** A channel in the list, with the number of posts by others after your read mark. */

const COUNTED = 100; // the server stops counting there

export class Unread {
  /** The channel as in the list: one object, that is kept up to date. */
  entry = { read_mark: 0, newest: 0 };
  count = 0;

  constructor(listed) {
    this.list(listed);
  }

  /** Takes over what the list says; whether something newer is known, so that it has to be asked again. */
  list(listed) {
    const { read_mark: mark, newest } = this.entry;
    const isFromBefore = listed.read_mark < mark;
    Object.assign(this.entry, listed, { read_mark: Math.max(mark, listed.read_mark) });
    if (!isFromBefore) this.count = listed.unread;
    return isFromBefore || listed.newest < newest;
  }

  /** Counts a post by somebody else, of which an event tells. */
  post(id) {
    if (id <= Math.max(this.entry.read_mark, this.entry.newest)) return;
    this.entry.newest = id;
    this.count = Math.min(COUNTED, this.count + 1);
  }

  /**
   * Notes the newest post, of which watching tells, or 0 for another change; whether the posts have to
   * be counted: there may be more than this one.
   */
  hear(newest) {
    const { read_mark: mark, newest: known } = this.entry;
    if (newest === 0) return true;
    if (newest <= Math.max(mark, known)) return false;
    this.entry.newest = newest;
    this.count ||= 1;
    return this.count < COUNTED;
  }

  /** Notes that all posts up to this one were read; whether those behind it have to be counted. */
  readUpTo(postId) {
    if (postId <= this.entry.read_mark) return false;
    this.entry.read_mark = postId;
    if (postId >= this.entry.newest) this.count = 0;
    return this.count > 0;
  }
}
