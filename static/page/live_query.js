/** A list that stays up to date: it is fetched, shown, and followed by its events. */

import { Problem } from "../api.js";

export class LiveQuery {
  /** A promise that ends when the list that was asked for last is shown, or never will be. */
  loaded;
  #live;
  #handlers;
  #subscription = null;
  #loading = null; // an AbortController
  #isOver = false;

  /**
   * @param {import("../live.js").Live} live
   * @param {object} handlers
   *   `fetch(options)` promises the list, however long that takes; `show(list)` shows it;
   *   `event(event)` applies what has happened since; `revoked(topic, reason)` and
   *   `failed(problem)` say that it cannot be read (any more); `signal` and `presence` as in `Live`
   */
  constructor(live, handlers) {
    this.#live = live;
    this.#handlers = handlers;
    this.load();
  }

  /** Fetches the list; until it arrives, events are still applied to the previous one. */
  load() {
    if (!this.#isOver) this.loaded = this.#load();
    return this.loaded;
  }

  /** Whether a list is on its way, which may be older than what is heard elsewhere. */
  get isLoading() {
    return this.#loading !== null;
  }

  async #load() {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    try {
      await this.#fetch(loading.signal);
    } catch (error) {
      if (loading.signal.aborted) return this.isLoading && this.loaded; // another one is on its way
      if (!(error instanceof Problem)) throw error;
      this.#handlers.failed?.(error);
    } finally {
      if (this.#loading === loading) this.#loading = null;
    }
  }

  async #fetch(signal) {
    const { fetch, show, event, revoked, signal: signalled, presence } = this.#handlers;
    const list = await fetch({ signal, patience: Infinity });
    signal.throwIfAborted();
    show(list);
    signal.throwIfAborted(); // whoever was shown it may have wanted another one, or none
    const before = this.#subscription;
    const refetch = () => this.load();
    const handlers = { event, revoked, signal: signalled, presence, refetch };
    this.#subscription = this.#live.subscribe(list.live, handlers);
    before?.end();
  }

  end() {
    this.#isOver = true;
    this.#loading?.abort();
    this.#loading = null;
    this.#subscription?.end();
  }
}
