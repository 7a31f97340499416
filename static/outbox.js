/**
 * Posts on their way: sent one after another with a key and repeated until they are answered, so
 * that a lost answer never doubles one. They outlive a reload of the page; the server knows a key
 * for 24 hours.
 */

import { askPatiently, newKey } from "/static/api.js";

const KEY_LASTS_MS = 23 * 3_600_000;

export class Outbox extends EventTarget {
  #storedAs;
  #items = [];
  #sending = false;

  constructor(userId) {
    super();
    this.#storedAs = `outbox:${userId}`;
    const stored = JSON.parse(sessionStorage.getItem(this.#storedAs) ?? "[]");
    this.#items = stored.filter((item) => Date.now() - item.at < KEY_LASTS_MS);
    this.#send();
  }

  of(channelId, parentId = null) {
    const isThere = (item) => item.channelId === channelId && item.parentId === parentId;
    return this.#items.filter(isThere);
  }

  add(channelId, parentId, text) {
    const item = { key: newKey(), channelId, parentId, text, at: Date.now(), state: "waiting" };
    this.#items.push(item);
    this.#changed();
    this.#send();
  }

  retry(item) {
    Object.assign(item, { state: "waiting", detail: undefined });
    this.#changed();
    this.#send();
  }

  discard(item) {
    this.#items = this.#items.filter((other) => other !== item);
    this.#changed();
  }

  /** The event of one of ours has come: the request is known by its id, which is the key. */
  settle(event) {
    this.#drop((item) => item.key === event.tx);
  }

  /** A list was fetched: what was answered before is in it, unless it has been deleted since. */
  settleListed(channelId, posts) {
    const ids = new Set(posts.map((post) => post.id));
    const isOld = (item) => item.channelId === channelId && item.state === "sent";
    this.#drop((item) => ids.has(item.id) || isOld(item));
  }

  empty() {
    this.#items = [];
    this.#changed();
  }

  #drop(isSettled) {
    if (!this.#items.some(isSettled)) return;
    this.#items = this.#items.filter((item) => !isSettled(item));
    this.#changed();
  }

  async #send() {
    if (this.#sending) return;
    this.#sending = true;
    let item;
    while ((item = this.#items.find(({ state }) => state === "waiting"))) await this.#sendOne(item);
    this.#sending = false;
  }

  async #sendOne(item) {
    const body = { text: item.text };
    if (item.parentId) body.parent_id = item.parentId;
    const path = `/channels/${item.channelId}/posts`;
    try {
      const options = { key: item.key, patience: KEY_LASTS_MS };
      const post = await askPatiently("POST", path, body, options);
      Object.assign(item, { state: "sent", id: post.id });
      this.dispatchEvent(new CustomEvent("sent", { detail: item }));
    } catch (problem) {
      Object.assign(item, { state: "failed", detail: problem.message });
    }
    this.#changed();
  }

  #changed() {
    const kept = this.#items.filter((item) => item.state !== "sent");
    if (kept.length) sessionStorage.setItem(this.#storedAs, JSON.stringify(kept));
    else sessionStorage.removeItem(this.#storedAs);
    this.dispatchEvent(new Event("changed"));
  }
}
