/** Asks for those channels of a list again that may look different now: one part after another. */

import { Problem, askPatiently } from "../api.js";

const A_PAGE = 100;
const EVERY_MS = 3_000;
const SPREAD_MS = 1_000; // what is new is new for all members at once

export class ChannelUpdates {
  #path;
  #list;
  #due = new Set(); // ids
  #isUrgent = false;
  #timer = 0;
  #askedAt = 0;
  #asking = null; // an AbortController
  #isOver = false;

  /**
   * @param {string} path of the list
   * @param {{ids: () => number[], show: (channels: object[], from: number, end: number) => void}} list
   *   `ids` are those that it shows; `show` is told all channels that there are between two ids
   */
  constructor(path, list) {
    this.#path = path;
    this.#list = list;
  }

  /** Asks for a channel again: at once if it `isUrgent`, else soon and not too often. */
  add(id, { isUrgent = false } = {}) {
    this.#due.add(id);
    this.#isUrgent ||= isUrgent;
    this.#plan();
  }

  /** Asks once more for what it has asked for: the list is coming as it is now. */
  restart() {
    this.#asking?.abort();
  }

  end() {
    this.#isOver = true;
    this.#asking?.abort();
    clearTimeout(this.#timer);
  }

  #plan() {
    if (this.#isOver || this.#asking || !this.#due.size) return;
    if (this.#isUrgent) clearTimeout(this.#timer);
    else if (this.#timer) return;
    const pause = Math.max(0, this.#askedAt + EVERY_MS - Date.now()) + Math.random() * SPREAD_MS;
    this.#timer = setTimeout(() => this.#ask(), this.#isUrgent ? 0 : pause);
  }

  async #ask() {
    const { signal } = (this.#asking = new AbortController());
    const due = [...this.#due].sort((a, b) => a - b);
    const [from, to] = [due[0], due.at(-1)];
    const shown = this.#list.ids().filter((id) => from <= id && id <= to);
    const limit = Math.min(A_PAGE, new Set([...shown, ...due]).size);
    const path = `${this.#path}?limit=${limit}${from > 1 ? `&after=${from - 1}` : ""}`;
    this.#due.clear();
    this.#timer = 0;
    this.#isUrgent = false;
    this.#askedAt = Date.now();
    let end = 0; // up to here it was answered
    try {
      const options = { signal, patience: Infinity };
      const { channels, next } = await askPatiently("GET", path, undefined, options);
      signal.throwIfAborted();
      end = next ?? Infinity;
      this.#list.show(channels, from, end);
    } catch (error) {
      if (error instanceof Problem) end = Infinity; // who may not read it is told otherwise
      else if (!signal.aborted) throw error;
    } finally {
      this.#asking = null;
      for (const id of due) if (id > end) this.#due.add(id);
      this.#plan();
    }
  }
}
