/**
 * What somebody has written and not sent, in the storage of the browser. It outlives the page and
 * the session, and is there for this person alone, until it is sent or discarded, or she signs out.
 *
 * A place is `{ channelId, kind, postId }`: a `post` in a channel, a `reply` to the post `postId`,
 * or an `edit` of it. What is kept for a place has a `text`; `files`, as the server answered them;
 * `lost`, the names of those that were not uploaded yet; and of an edit the text `before` it, and
 * the `parentId` of a reply.
 *
 * All tabs share it, and what is written last is kept. A tab that shows a text with which another
 * one goes on shows what becomes of it; any other text on its screen stays there.
 */

import { newKey } from "../api.js";

/** The name of a place. */
export function nameOf({ channelId, kind, postId = null }) {
  return `${channelId} ${kind} ${postId ?? ""}`;
}

/** Dispatches `changed` when something else is kept, or shown on the page. */
export class DraftStorage extends EventTarget {
  #prefix;
  #open = new Map(); // the places that this page has opened, by name
  #unstored = new Map(); // what the browser does not take, because it is full or forbids it
  #isTelling = false;
  #ended = new AbortController();

  constructor(userId) {
    super();
    this.#prefix = `draft ${userId} `;
    const { signal } = this.#ended;
    addEventListener("storage", (event) => this.#changedElsewhere(event), { signal });
    addEventListener("beforeunload", (leaving) => this.#unstored.size && leaving.preventDefault(), {
      signal,
    });
  }

  /**
   * What is kept for a place, null if nothing is. What another tab makes of it from now on is given
   * to `follow(kept)`, which answers whether it is shown; `isShown()` says whether the place is.
   */
  open(place, { follow, isShown }) {
    const kept = this.#read(nameOf(place));
    this.#open.set(nameOf(place), { version: kept?.version ?? null, follow, isShown });
    this.changed();
    return kept;
  }

  /** Keeps what this page has for a place that it has opened; null if nothing is left. */
  save(place, kept) {
    if (this.#ended.signal.aborted) return;
    const name = nameOf(place);
    const open = this.#open.get(name);
    const after = open.version;
    open.version = kept && newKey();
    if (kept) this.#write(name, { ...kept, version: open.version, after });
    else if (this.#read(name)?.version === after) this.#remove(name);
    this.changed();
  }

  discard(place) {
    const name = nameOf(place);
    this.#remove(name);
    this.#follow(name, null);
    this.changed();
  }

  has(place) {
    return this.#read(nameOf(place)) !== null;
  }

  isShown(place) {
    return this.#open.get(nameOf(place))?.isShown() ?? false;
  }

  /** All that is kept, each with its `place`. */
  get all() {
    return this.#names.flatMap((name) => {
      const [channelId, kind, postId] = name.split(" ");
      const place = { channelId: Number(channelId), kind, postId: Number(postId) || null };
      const kept = this.#read(name);
      return kept ? [{ ...kept, place }] : [];
    });
  }

  /** Says that other places are shown than before. */
  changed() {
    if (this.#isTelling) return;
    this.#isTelling = true;
    queueMicrotask(() => {
      this.#isTelling = false;
      this.dispatchEvent(new Event("changed"));
    });
  }

  /** Keeps what there is, and nothing from now on: the session has ended. */
  end() {
    this.#ended.abort();
  }

  /** Forgets everything and ends: the user signs out. */
  empty() {
    this.end();
    for (const name of this.#names) this.#remove(name);
  }

  #changedElsewhere({ key, oldValue, newValue }) {
    if (!key?.startsWith(this.#prefix)) return;
    const name = key.slice(this.#prefix.length);
    const [before, kept] = [parsed(oldValue), parsed(newValue)];
    const followed = kept ? kept.after : before?.version;
    if (followed === this.#open.get(name)?.version) this.#follow(name, kept);
    this.changed();
  }

  #follow(name, kept) {
    const open = this.#open.get(name);
    if (open?.follow(kept)) open.version = kept?.version ?? null;
  }

  get #names() {
    const keys = tried(() => Object.keys(localStorage)) ?? [];
    const own = keys.filter((key) => key.startsWith(this.#prefix));
    const stored = own.map((key) => key.slice(this.#prefix.length));
    return [...new Set([...stored, ...this.#unstored.keys()])];
  }

  #read(name) {
    const stored = () => parsed(localStorage.getItem(this.#prefix + name));
    return this.#unstored.get(name) ?? tried(stored);
  }

  #write(name, kept) {
    this.#unstored.set(name, kept);
    tried(() => {
      localStorage.setItem(this.#prefix + name, JSON.stringify(kept));
      this.#unstored.delete(name);
    });
  }

  #remove(name) {
    this.#unstored.delete(name);
    tried(() => localStorage.removeItem(this.#prefix + name));
  }
}

function parsed(value) {
  return JSON.parse(value ?? "null");
}

/** What the storage answers; null if it refuses. */
function tried(action) {
  try {
    return action();
  } catch {
    return null;
  }
}
