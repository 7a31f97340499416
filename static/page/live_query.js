/** A list and its events together: fetched, shown, followed, and fetched again after a reset. */

import { Problem } from "/static/api.js";

export class LiveQuery {
  /** A promise: the list that was asked for last is shown, or never will be. */
  loaded;
  #live;
  #handlers;
  #subscription = null;
  #loading = null;

  /**
   * @param {import("../live.js").Live} live
   * @param {object} handlers
   *   `fetch(options)` asks for the list, as long as it takes; `show(list)` shows it;
   *   `event(event)` applies what happened behind it; `revoked(topic, reason)` and
   *   `failed(problem)` say that it cannot be read (any more); `signal` and `presence` as in `Live`
   */
  constructor(live, handlers) {
    this.#live = live;
    this.#handlers = handlers;
    this.load();
  }

  /** Fetches the list; until it is there the events of the one before are still applied. */
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
