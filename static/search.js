/** The search: finds posts as you type, in all you may read or in the open channel alone. */

import { ask } from "./api.js";
import { avatar, find, make, onClosed, time } from "./page/dom.js";
import { minuteOf, personName } from "./page/format.js";
import { onKey } from "./page/keys.js";
import { Listbox } from "./page/listbox.js";
import { fits } from "./page/room.js";

const AFTER_MS = 180; // of not typing
const SLOW_MS = 300;
const ANSWER_WITHIN_MS = 15_000;
const A_PAGE = 20;
const HINT = "Type a word, the beginning of one, or a “phrase in quotes”.";
const OFFLINE = "There is no connection, and search needs one.";

/** Dispatches `chosen` with a result. */
export class Search extends EventTarget {
  #context;
  #nameOf;
  #dialog = find("#search");
  #field = find("#search-field");
  #onlyHere = find("#search-here");
  #more = find("#search-more");
  #listbox = new Listbox(this.#field, find("#search-results"), (number) => this.#choose(number));
  #channel = null; // the one that was open when the search was opened
  #results = [];
  #next = null; // where the next page begins
  #hasFailed = false;

  /**
   * `nameOf(channelId, groupId)` promises what a channel and its group are called.
   * @param {import("./page/context.js").Context} context
   */
  constructor(context, nameOf) {
    super();
    this.#context = context;
    this.#nameOf = nameOf;
    if (/Mac|iPhone|iPad/.test(navigator.platform)) nameKeyOfMac();
    find("#open-search").addEventListener("click", () => this.#open());
    this.#more.addEventListener("click", () => this.#ask({ before: this.#next }));
    this.#field.addEventListener("input", () => this.#ask({ afterMs: AFTER_MS }));
    onKey(this.#field, (key, pressed) => this.#press(key, pressed));
    this.#onlyHere.addEventListener("change", () => this.#ask());
    onClosed(this.#dialog, () => this.#listbox.forget());
    onKey(window, (_, pressed) => {
      if (!isSearchKey(pressed)) return;
      pressed.preventDefault();
      this.#open();
    });
  }

  /** Asks again what has failed, once there is a connection. */
  retry() {
    if (this.#dialog.open && this.#hasFailed) this.#ask({ before: this.#next });
  }

  #open() {
    if (this.#dialog.open) return this.#field.select();
    if (find("dialog[open]")) return;
    this.#channel = this.#context.channel;
    find("#search-here-label").hidden = !this.#channel;
    if (!this.#channel) this.#onlyHere.checked = false;
    find("#search-here-name").textContent = this.#channel?.name ?? "";
    this.#dialog.showModal();
    this.#field.select();
    this.#ask();
  }

  #ask({ before = null, afterMs = 0 } = {}) {
    this.#listbox.ask((signal) => this.#find(before, signal), afterMs);
  }

  /** Shows the first page, or the one that follows `before`. */
  async #find(before, signal) {
    const words = this.#field.value.trim();
    if (!words) return this.#show([], { said: HINT });
    if (!fits(this.#field)) return this.#show([]);
    const slow = setTimeout(() => this.#say("Searching…"), SLOW_MS);
    try {
      const { results, next } = await this.#fetch(words, before, signal);
      if (signal.aborted) return;
      const earlier = before ? this.#results : [];
      const all = [...earlier, ...results];
      const place = this.#onlyHere.checked ? " in this channel" : "";
      const said = all.length ? "" : `Nothing found for “${words}”${place}.`;
      this.#show(all, { said, next, at: earlier.length });
    } catch (problem) {
      if (!signal.aborted) this.#fail(problem, before);
    } finally {
      clearTimeout(slow);
    }
  }

  #fetch(words, before, signal) {
    const query = new URLSearchParams({ q: words, limit: A_PAGE });
    if (this.#onlyHere.checked) query.set("channel_id", this.#channel.id);
    if (before) query.set("before", before);
    const either = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
    return ask("GET", `/search?${query}`, undefined, { signal: either });
  }

  /** Says what went wrong; earlier results stay if only the next page is missing. */
  #fail({ status, fields, message }, before) {
    if (!before) this.#show([]);
    this.#say(status === 0 && !navigator.onLine ? OFFLINE : (fields.q ?? message));
    this.#offer(before, { again: !fields.q });
    this.#more.scrollIntoView({ block: "nearest" });
  }

  #show(results, { said = "", next = null, at = 0 } = {}) {
    this.#results = results;
    const rows = results.map((result) => resultView(result, this.#nameOf));
    this.#listbox.show(rows, at);
    find("#search-count").textContent = rows.length ? `${rows.length} found` : "";
    this.#field.ariaExpanded = `${rows.length > 0}`;
    this.#say(said);
    this.#offer(next);
  }

  #say(text) {
    find("#search-said").textContent = text;
  }

  /** Offers the next page, or to try again what has failed. */
  #offer(next, { again = false } = {}) {
    this.#next = next;
    this.#hasFailed = again;
    this.#more.textContent = again ? "Try again" : "Show more";
    const isOffered = again || next !== null;
    if (!isOffered && this.#more.matches(":focus")) this.#field.focus();
    this.#more.hidden = !isOffered;
  }

  #press(key, pressed) {
    const acts = {
      ArrowDown: () => this.#listbox.move(1),
      ArrowUp: () => this.#listbox.move(-1),
      Enter: () => this.#choose(this.#listbox.selected),
      Escape: () => this.#dialog.close(), // at once: the browser would empty the field first
    };
    if (!(key in acts)) return;
    pressed.preventDefault();
    acts[key]();
  }

  #choose(number) {
    if (number === null) return;
    this.#dialog.close();
    this.dispatchEvent(new CustomEvent("chosen", { detail: this.#results[number] }));
  }
}

function resultView({ post, group_id: groupId, snippet }, nameOf) {
  const where = make("span", { className: "result-where" });
  nameOf(post.channel_id, groupId).then((name) => (where.textContent = name && ` · ${name}`));
  const author = make("strong", {}, personName(post.author));
  const moment = time(post.created_at, minuteOf(post.created_at));
  const kind = post.parent ? make("span", { className: "badge" }, "reply") : null;
  const text = make("p", { className: "result-text" }, ...snippet.map(partView));
  const meta = make("p", { className: "result-meta" }, author, " ", moment, " ", kind, where);
  return make(
    "li",
    { className: "result", id: `result-${post.id}`, role: "option" },
    avatar(post.author),
    make("div", {}, meta, text),
  );
}

function partView({ text, is_match: isMatch }) {
  return isMatch ? make("mark", {}, text) : text;
}

/** Ctrl K or ⌘ K, and a slash outside of fields. */
function isSearchKey({ key, ctrlKey, metaKey, altKey, shiftKey, target }) {
  if (altKey) return false;
  if (key?.toLowerCase() === "k") return (ctrlKey || metaKey) && !shiftKey;
  const writes = target.closest?.("input, textarea, select, [contenteditable]");
  return key === "/" && !writes && !ctrlKey && !metaKey;
}

function nameKeyOfMac() {
  find("#open-search").title = "Search (/ or ⌘ K)";
  find("#open-search kbd").textContent = "⌘ K";
}
