/**
 * Posts on their way, for any page: written while the server is away, sent when it is back.
 *
 *   const outbox = new Outbox({ user: me.id, server: "https://homeroom.example.org", token });
 *   outbox.addEventListener("changed", () => show(outbox.of(7)));
 *   outbox.add(7, null, "Good morning");
 *   live.subscribe(list.live, { event: (event) => outbox.settle(event) });
 *   new Live({ state: (name) => name === "live" && outbox.hurry() }); // if the network has frozen
 *
 * Each is sent with an `Idempotency-Key` and repeated until it is answered, so that a lost answer
 * never doubles one; they go one after another, in the order in which they were written. They are
 * kept in `localStorage`, for this user alone, and outlive the page and the browser; where that is
 * full or forbidden, they last as long as the page, which asks before it is left. All tabs of a user
 * show the same ones, and any of them sends them, one tab at a time where the browser has locks
 * (`https` or `localhost`); elsewhere the key sees to it that two tabs send one post.
 *
 * An item is `{ key, channelId, parentId, text, files, at, turn, state, code, detail, fields, id }`:
 * written `at` this time of the device, and sent in its `turn`. Its `files` have been uploaded
 * before, and are as `POST /api/files` answered them. Its `state` is
 * - `waiting`, with a `detail` when somebody else is signed in here: it is sent when its user is
 *   back, and never for anybody else; with the `code` `slow_mode` it waits for its turn, `notBefore`
 *   this time of the device, and what was written later in its channel waits behind it;
 * - `sent`, until the page shows it by itself: it tells with `settle` each event, and with
 *   `settleListed` each list. Whatever comes first, no post is shown twice, or in no place;
 * - `failed`, until somebody calls `retry` or `discard`. The `code`, `detail` and `fields` are those
 *   of the server's refusal, or the `code` is `waited_too_long`: by the clock of this device it has
 *   waited for longer than the server knows its key, and whether it has arrived before only a person
 *   can tell.
 *
 * Nothing else removes what has not been sent, however old it is, but `empty`: call it when the user
 * signs out, and ask before while there is something in `unsent`.
 */

import { Problem, ask, askPatiently, newKey } from "./api.js";
import { NO_STORAGE, storageOfBrowser } from "./live/storage.js";
import { onWake } from "./live/wake.js";

const KEY_LASTS_MS = 23 * 3_600_000; // the server knows it for 24 hours
const ANSWER_WITHIN_MS = 20_000;
const [FIRST_PAUSE_MS, LONGEST_PAUSE_MS] = [400, 8_000];
const CLOCK_WAS_WRONG_MS = 3_600_000; // what is written so long after now
const SIGNED_OUT = 401;
const [OTHER_ACCOUNT, NOT_FOUND, SLOW_MODE] = ["other_account", "not_found", "slow_mode"];
const [SHORTEST_HOLD_MS, LONGEST_HOLD_MS] = [1_000, 3_600_000];
const NO_REFUSAL = { code: undefined, detail: undefined, fields: undefined, notBefore: undefined };
const WAITED_TOO_LONG = {
  state: "failed",
  code: "waited_too_long",
  detail: "It has waited for too long. See whether it has arrived before you send it.",
};

export class Outbox extends EventTarget {
  #user;
  #server;
  #token;
  #prefix;
  #storage = storageOfBrowser();
  #items = new Map(); // by their place in the storage
  #unstored = new Set(); // places of those for which the storage has no room
  #over = new Set(); // keys and ids: their posts are shown by the page, or were given up
  #newest = new Map(); // the id of the newest post of each list, by its name
  #doubtful = new Set(); // keys of those on their way while a list came, which may know more
  #isSending = false;
  #attempts = 0;
  #attempt = null; // an AbortController
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
    this.#prefix = `outbox ${new URL(server).origin} ${user} `;
    const { signal } = this.#ended;
    addEventListener("storage", (event) => this.#changedElsewhere(event), { signal });
    const warn = (leaving) => this.#unstored.size && leaving.preventDefault();
    addEventListener("beforeunload", warn, { signal });
    signal.addEventListener("abort", onWake(() => this.#send()));
    for (const place of Object.keys(this.#storage)) {
      if (!place.startsWith(this.#prefix)) continue;
      this.#items.set(place, JSON.parse(this.#storage.getItem(place)));
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
    const at = Date.now();
    const last = this.#inOrder.at(-1);
    const turn = Math.max(at, last ? 1 + turnOf(last) : 0);
    this.#put({ key: newKey(), channelId, parentId, text, files, at, turn, state: "waiting" });
    this.#send();
  }

  /** Sends what has failed: with its key, so that the server still knows if it has arrived before. */
  retry(item) {
    const [turn, at] = [turnOf(item), Date.now()];
    this.#put({ ...item, ...NO_REFUSAL, turn, at, state: "waiting" });
    this.#send();
  }

  discard(item) {
    this.#forget([item]);
  }

  /** Takes note of an event: the page shows its post, which may be one of these, from now on. */
  settle({ kind, tx, data }) {
    if (kind !== "post.created") return;
    this.#over.add(tx).add(data.id);
    for (const item of this.#inOrder)
      if (item.key === tx || item.id === data.id) this.#sent(item, data.id);
  }

  /** Takes note of the newest posts of a channel, or replies to one of its posts, as just fetched. */
  settleListed(channelId, posts, parentId = null) {
    const newest = Math.max(0, ...posts.map(({ id }) => id));
    this.#newest.set(listOf({ channelId, parentId }), newest);
    for (const item of this.of(channelId, parentId)) {
      this.#doubtful.add(item.key);
      this.#show(item);
    }
  }

  /** Continues with another bearer token of the same user. */
  renew(token) {
    this.#token = token;
    this.#send();
  }

  /** Tries at once what waits or hangs: the server has been heard again after a silence. */
  hurry() {
    this.#attempts = 0;
    giveUp(this.#attempt);
    for (const item of this.#held) this.#put({ ...item, ...NO_REFUSAL });
    this.#send();
  }

  /** Forgets everything and ends: the user signs out. */
  empty() {
    this.#ended.abort();
    clearTimeout(this.#retry);
    this.#forget(this.#inOrder);
  }

  get #inOrder() {
    return [...this.#items.values()].sort((a, b) => turnOf(a) - turnOf(b));
  }

  /** What is to be sent next. What another tab has taken out of the storage, that tab tells us. */
  get #next() {
    const isStored = (place) => this.#unstored.has(place) || this.#storage.getItem(place) !== null;
    const slow = new Set(this.#held.map(({ channelId }) => channelId));
    const isNext = (item) => item.state === "waiting" && !slow.has(item.channelId);
    return this.#inOrder.find((item) => isNext(item) && isStored(this.#placeOf(item)));
  }

  /** What waits for its turn in a channel that is in slow mode. */
  get #held() {
    return this.#inOrder.filter(({ state, notBefore = 0 }) => {
      const ms = notBefore - Date.now();
      return state === "waiting" && ms > 0 && ms <= LONGEST_HOLD_MS; // or a clock was set back
    });
  }

  #placeOf(item) {
    return `${this.#prefix}${turnOf(item)} ${item.key}`;
  }

  #put(item) {
    const place = this.#placeOf(item);
    try {
      this.#storage.setItem(place, JSON.stringify(item));
      this.#unstored.delete(place);
    } catch {
      this.#unstored.add(place); // full or forbidden: it lasts as long as the page
    }
    this.#show(item);
  }

  /** The server has it. The other tabs hear that before the storage forgets it. */
  #sent(item, id) {
    this.#put({ ...item, ...NO_REFUSAL, state: "sent", id });
    this.#clear(item);
  }

  #show(item) {
    const place = this.#placeOf(item);
    if (this.#isOver(item)) {
      this.#over.add(item.key); // so that another tab's late word does not bring it back
      this.#items.delete(place);
    } else {
      this.#items.set(place, item);
      if (item.state === "sent" && this.#doubtful.has(item.key)) this.#look(item);
    }
    this.#changed();
  }

  /**
   * Whether the page shows it, or can no longer: what is older than the newest post of a list is in
   * it, or further up, or was deleted.
   */
  #isOver(item) {
    const { key, id } = item;
    const isShown = id && (this.#over.has(id) || id <= this.#newest.get(listOf(item)));
    return this.#over.has(key) || isShown;
  }

  /** Asks for a post that a list lacks: either its event is still to come, or it was deleted. */
  async #look(item) {
    const path = `/posts/${item.id}`;
    const options = { server: this.#server, token: this.#token, user: this.#user };
    const { signal } = this.#ended;
    await askPatiently("GET", path, undefined, { ...options, signal }).catch(({ code }) => {
      if (code === NOT_FOUND) this.#forget([item]);
    });
  }

  #forget(items) {
    for (const item of items) {
      this.#over.add(item.key);
      this.#items.delete(this.#placeOf(item));
      this.#clear(item);
    }
    this.#changed();
  }

  #clear(item) {
    const place = this.#placeOf(item);
    this.#unstored.delete(place);
    this.#storage.removeItem(place);
  }

  #changedElsewhere({ key: place, newValue }) {
    if (!place?.startsWith(this.#prefix)) return;
    const item = JSON.parse(newValue);
    if (this.#items.get(place)?.state === "sent") return; // nothing is newer
    if (item) this.#show(item);
    else this.#items.delete(place);
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
        await this.#oneTabAtATime(() => this.#sendNext());
        this.#attempts = 0;
      }
      const [soonest] = this.#held.map(({ notBefore }) => notBefore).sort((a, b) => a - b);
      if (soonest) this.#retry = setTimeout(() => this.#send(), soonest - Date.now());
    } catch (problem) {
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === SIGNED_OUT) return; // until somebody looks at the page again
      this.#retry = setTimeout(() => this.#send(), this.#pause(problem));
    } finally {
      this.#isSending = false;
    }
  }

  /** Does something in one tab at a time, where the browser has locks, and tabs share anything. */
  #oneTabAtATime(action) {
    const isAlone = this.#storage === NO_STORAGE || !navigator.locks;
    return isAlone ? action() : navigator.locks.request(this.#prefix, action);
  }

  #pause({ retryAfterMs }) {
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#attempts++);
    return Math.max(retryAfterMs, longest * (0.5 + Math.random() / 2));
  }

  /** Sends the next item, unless another tab has just done so: the storage knows. */
  async #sendNext() {
    const item = this.#next;
    if (!item) return;
    if (isTooOld(item)) return this.#put({ ...item, ...WAITED_TOO_LONG });
    const isGivenUp = () => this.#items.get(this.#placeOf(item))?.state !== "waiting";
    let id;
    try {
      ({ id } = await this.#post(item));
    } catch (problem) {
      const { isPassing, status, code, message: detail, fields, retryAfterMs } = problem;
      if (code === SLOW_MODE) {
        const notBefore = Date.now() + Math.max(retryAfterMs, SHORTEST_HOLD_MS);
        if (!isGivenUp()) this.#put({ ...item, code, detail, notBefore });
        return;
      }
      if (isPassing || status === SIGNED_OUT) {
        if (code === OTHER_ACCOUNT && !isGivenUp()) this.#put({ ...item, detail });
        throw problem;
      }
      if (!isGivenUp()) this.#put({ ...item, state: "failed", code, detail, fields });
      return;
    }
    if (!isGivenUp()) this.#sent(item, id);
  }

  async #post({ key, channelId, parentId, text, files = [] }) {
    const { signal } = (this.#attempt = new AbortController());
    setTimeout(giveUp, ANSWER_WITHIN_MS, this.#attempt);
    const options = { server: this.#server, token: this.#token, user: this.#user, signal };
    const body = { text, file_ids: files.map((file) => file.id) };
    if (parentId) body.parent_id = parentId;
    return ask("POST", `/channels/${channelId}/posts`, body, { ...options, key });
  }
}

/** Whether a person has to say that it is sent: the server may have forgotten its key. */
function isTooOld({ at }) {
  const age = Date.now() - at;
  return age > KEY_LASTS_MS || age < -CLOCK_WAS_WRONG_MS;
}

/** Its place in the order: not the time, which a clock may set back. */
function turnOf({ turn, at }) {
  return turn ?? at;
}

/** The name of the list in which its post will be. */
function listOf({ channelId, parentId }) {
  return `${channelId} ${parentId}`;
}

/** Ends an attempt that hangs, as if the server could not be reached. */
function giveUp(attempt) {
  attempt?.abort(new DOMException("It takes too long.", "TimeoutError"));
}
