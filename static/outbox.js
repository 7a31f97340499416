/**
 * Posts on their way, for any page: written while the server is away, sent when it is back.
 *
 *   const outbox = new Outbox({ user: me.id, server: "https://homeroom.example.org", token });
 *   outbox.addEventListener("changed", () => show(outbox.of(7)));
 *   outbox.add(7, null, "Good morning");
 *   live.subscribe(list.live, { event: (event) => outbox.settle(event) });
 *
 * Each is sent with an `Idempotency-Key` and repeated until it is answered, so that a lost answer
 * never doubles one; they go one after another, in the order in which they were written. They are
 * kept in `localStorage`, for this user alone, and outlive the page and the browser. All tabs of a
 * user show the same ones, and any of them sends them, one tab at a time where the browser has
 * locks (`https` or `localhost`); elsewhere the key sees to it that two tabs send one post.
 *
 * An item is `{ key, channelId, parentId, text, files, at, state, detail, id }`; its `files` have
 * been uploaded before, and are as `POST /api/files` answered them. Its `state` is `waiting`, with a
 * `detail` when somebody else is signed in here: it is sent when its user is back, and never for
 * anybody else; `sent`, until the event or a list that has it comes; or `failed`, when the server
 * refused it or it waited for longer than the server knows its key: then `detail` says why, and it
 * is kept until somebody calls `retry` or `discard`. Call `empty` when the user signs out.
 */

import { Problem, ask, newKey } from "./api.js";
import { onWake } from "./live/wake.js";

const KEY_LASTS_MS = 23 * 3_600_000; // the server knows it for 24 hours
const ANSWER_WITHIN_MS = 20_000;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [400, 8_000];
const FORGOTTEN_MS = 7 * 24 * 3_600_000;
const SIGNED_OUT = 401;
const OTHER_ACCOUNT = "other_account";
const TOO_OLD = "It waited too long. Check whether it has arrived before you try again.";

export class Outbox extends EventTarget {
  #user;
  #server;
  #token;
  #prefix;
  #items = new Map(); // by their place in the storage
  #settled = new Set(); // keys, so that another tab's late word brings none back
  #isSending = false;
  #attempts = 0;
  #retry = 0;
  #ended = new AbortController();

  /**
   * @param {number} options.user the id of who is signed in
   * @param {string|URL} [options.server] where Homeroom is; by default where this file came from
   * @param {string} [options.token] a bearer token; without it the session's cookie signs in
   */
  constructor({ user, server = import.meta.url, token }) {
    super();
    this.#user = user;
    this.#server = server;
    this.#token = token;
    const ofServer = `outbox ${new URL(server).origin} `;
    this.#prefix = `${ofServer}${user} `;
    const { signal } = this.#ended;
    addEventListener("storage", (event) => this.#changedElsewhere(event), { signal });
    signal.addEventListener("abort", onWake(() => this.#send()));
    for (const place of Object.keys(localStorage)) {
      if (!place.startsWith(ofServer)) continue;
      const item = JSON.parse(localStorage.getItem(place));
      if (Date.now() - item.at > FORGOTTEN_MS) localStorage.removeItem(place);
      else if (place.startsWith(this.#prefix)) this.#items.set(place, item);
    }
    this.#send();
  }

  /** The items of a channel, or of the replies to one of its posts, oldest first. */
  of(channelId, parentId = null) {
    const isThere = (item) => item.channelId === channelId && item.parentId === parentId;
    return this.#inOrder.filter(isThere);
  }

  /** What the server has not taken yet, in all channels, in the order in which it is sent. */
  get unsent() {
    return this.#inOrder.filter(({ state }) => state !== "sent");
  }

  add(channelId, parentId, text, files = []) {
    const at = Math.max(Date.now(), 1 + (this.#inOrder.at(-1)?.at ?? 0));
    this.#put({ key: newKey(), channelId, parentId, text, files, at, state: "waiting" });
    this.#send();
  }

  retry(item) {
    const { channelId, parentId, text, files } = item;
    if (isTooOld(item)) {
      this.discard(item);
      return this.add(channelId, parentId, text, files);
    }
    this.#put({ ...item, state: "waiting", detail: undefined });
    this.#send();
  }

  discard(item) {
    this.#drop((other) => other.key === item.key);
  }

  /** Drops the item whose event has come: the id of its request is the key. */
  settle(event) {
    this.#drop((item) => item.key === event.tx);
  }

  /** Drops what a fetched list has, and what was sent before: that is in it, or deleted since. */
  settleListed(channelId, posts) {
    const ids = new Set(posts.map((post) => post.id));
    const isOld = (item) => item.channelId === channelId && item.state === "sent";
    this.#drop((item) => ids.has(item.id) || isOld(item));
  }

  /** Continues with another bearer token of the same user. */
  renew(token) {
    this.#token = token;
    this.#send();
  }

  /** Forgets everything and ends: the user signs out. */
  empty() {
    this.#ended.abort();
    clearTimeout(this.#retry);
    this.#drop(() => true);
  }

  get #inOrder() {
    return [...this.#items.keys()].sort().map((place) => this.#items.get(place));
  }

  get #next() {
    return this.#inOrder.find(({ state }) => state === "waiting");
  }

  #placeOf({ at, key }) {
    return `${this.#prefix}${at} ${key}`;
  }

  #put(item) {
    const place = this.#placeOf(item);
    localStorage.setItem(place, JSON.stringify(item));
    this.#items.set(place, item);
    this.#changed();
  }

  #drop(isSettled) {
    const settled = this.#inOrder.filter(isSettled);
    for (const item of settled) {
      this.#settled.add(item.key);
      this.#items.delete(this.#placeOf(item));
      localStorage.removeItem(this.#placeOf(item));
    }
    if (settled.length) this.#changed();
  }

  #changedElsewhere({ key: place, newValue }) {
    if (!place?.startsWith(this.#prefix)) return;
    const item = JSON.parse(newValue);
    if (item && !this.#settled.has(item.key)) this.#items.set(place, item);
    else if (!item && this.#items.get(place)?.state !== "sent") this.#items.delete(place);
    this.#changed();
    this.#send();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }

  /** Sends what waits, again and again while the server is away. */
  async #send() {
    if (this.#isSending) return;
    this.#isSending = true;
    clearTimeout(this.#retry);
    try {
      while (this.#next && !this.#ended.signal.aborted) {
        await oneTabAtATime(this.#prefix, () => this.#sendNext());
        this.#attempts = 0;
      }
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === SIGNED_OUT) return; // until somebody looks at the page again
      this.#retry = setTimeout(() => this.#send(), this.#pause(problem));
    } finally {
      this.#isSending = false;
    }
  }

  #pause({ retryAfterMs }) {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#attempts++);
    return Math.max(retryAfterMs, longest * (0.5 + Math.random() / 2));
  }

  /** Sends the next item, unless another tab has just done so: the storage knows. */
  async #sendNext() {
    const item = this.#next;
    if (!item) return;
    const place = this.#placeOf(item);
    if (localStorage.getItem(place) === null) return void this.#items.delete(place);
    const outcome = await this.#post(item).then(
      ({ id }) => ({ state: "sent", detail: undefined, id }),
      (problem) => {
        const isOthers = problem.code === OTHER_ACCOUNT && this.#items.has(place);
        if (isOthers) this.#put({ ...item, detail: problem.message });
        if (problem.isPassing || problem.status === SIGNED_OUT) throw problem;
        return { state: "failed", detail: problem.message };
      },
    );
    if (!this.#items.has(place)) return; // its event was faster, or it was emptied
    this.#put({ ...item, ...outcome });
    if (outcome.state === "sent") localStorage.removeItem(place);
  }

  async #post({ key, channelId, parentId, text, files = [], at }) {
    if (isTooOld({ at })) throw new Problem({ detail: TOO_OLD });
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const options = { server: this.#server, token: this.#token, user: this.#user, signal };
    const body = { text, file_ids: files.map((file) => file.id) };
    if (parentId) body.parent_id = parentId;
    return ask("POST", `/channels/${channelId}/posts`, body, { ...options, key });
  }
}

function isTooOld({ at }) {
  return Date.now() - at > KEY_LASTS_MS;
}

/** Does something in one tab at a time, where the browser has locks. */
function oneTabAtATime(name, action) {
  return navigator.locks ? navigator.locks.request(name, action) : action();
}
