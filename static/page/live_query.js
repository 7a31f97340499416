/** A list that stays up to date: it is fetched, shown, and followed by its events. */

import { Problem } from "../api.js";

export class LiveQuery {
  /** A promise that ends when the list that was asked for last is shown, or never will be. */
  loaded;
  #live;
  #handlers;
  #subscription = null;
  #loading = null;

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
    return (this.loaded = this.#load());
  }

  async #load() {
    this.#loading?.abort();
    const { signal } = (this.#loading = new AbortController());
    let list;
    try {
      list = await this.#handlers.fetch({ signal, patience: Infinity });
    } catch (error) {
      if (signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      this.#handlers.failed?.(error);
      return;
    }
    if (signal.aborted) return;
    const before = this.#subscription;
    this.#handlers.show(list);
    const { event, revoked, signal: signalled, presence } = this.#handlers;
    const handlers = { event, revoked, signal: signalled, presence, refetch: () => this.load() };
    this.#subscription = this.#live.subscribe(list.live, handlers);
    before?.end();
  }

  end() {
    this.#loading?.abort();
    this.#subscription?.end();
  }
}
