/** Finding posts: as one types, in everything one may read, or only in the open channel. */

import { ask } from "/static/api.js";
import { find } from "/static/dom.js";
import { resultView } from "/static/search_result.js";

const AFTER_MS = 180; // of not typing
const A_PAGE = 20;
const HINT = "Type a word, the beginning of one, or “several in quotes”.";
const OFFLINE = "There is no connection, and searching needs one.";

/** Tells `chosen` with a post. */
export class Search extends EventTarget {
  #context;
  #dialog = find("#search");
  #field = find("#search-field");
  #list = find("#search-results");
  #isHere = find("#search-here");
  #timer = 0;
  #asked = null; // what is being asked; an answer to anything else comes too late
  #results = [];
  #next = null;
  #selected = 0;
  #hasFailed = false;

  /** `context`: `channel()`, and `names` of channels and groups. */
  constructor(context) {
    super();
    this.#context = context;
    find("#open-search").addEventListener("click", () => this.#open());
    find("#search-more").addEventListener("click", () => this.#ask(this.#next));
    find("#search-again").addEventListener("click", () => this.#ask());
    this.#field.addEventListener("input", () => this.#askSoon());
    this.#field.addEventListener("keydown", (pressed) => this.#press(pressed));
    this.#isHere.addEventListener("change", () => this.#ask());
    this.#dialog.addEventListener("close", () => this.#forget());
    addEventListener("keydown", (pressed) => opens(pressed) && this.#open(pressed));
  }

  /** There is a connection again. */
  retry() {
    if (this.#dialog.open && this.#hasFailed) this.#ask();
  }

  #open(pressed = null) {
    if (find("dialog[open]")) return;
    pressed?.preventDefault();
    const channel = this.#context.channel();
    find("#search-here-label").hidden = !channel;
    if (!channel) this.#isHere.checked = false;
    find("#search-here-name").textContent = channel?.name ?? "";
    this.#dialog.showModal();
    this.#field.select();
    this.#ask();
  }

  #forget() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    this.#asked = null;
  }

  #askSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), AFTER_MS);
  }

  /** The first page, or the one that follows. */
  async #ask(before = null) {
    this.#forget();
    const { signal } = (this.#asked = new AbortController());
    const words = this.#field.value.trim();
    if (!words) return this.#show([], { said: HINT });
    const query = new URLSearchParams({ q: words, limit: A_PAGE });
    if (this.#isHere.checked) query.set("channel_id", this.#context.channel().id);
    if (before) query.set("before", before);
    this.#list.ariaBusy = "true";
    try {
      const { results, next } = await ask("GET", `/search?${query}`, undefined, { signal });
      if (signal.aborted) return;
      const all = before ? [...this.#results, ...results] : results;
      const place = this.#isHere.checked ? " in this channel" : "";
      const said = all.length ? "" : `Nothing found for “${words}”${place}.`;
      this.#show(all, { said, next, selected: before ? this.#results.length : 0 });
    } catch (problem) {
      if (signal.aborted) return;
      const { fields = {}, isPassing } = problem;
      const said = problem.status === 0 ? OFFLINE : (fields.q ?? problem.message);
      this.#show(before ? this.#results : [], { said, hasFailed: isPassing || !fields.q });
    }
  }

  #show(results, { said, next = null, selected = 0, hasFailed = false }) {
    this.#results = results;
    this.#next = next;
    this.#hasFailed = hasFailed;
    this.#list.ariaBusy = "false";
    const rows = results.map((result) => resultView(result, this.#context.names));
    rows.forEach((row, number) => row.addEventListener("click", () => this.#choose(number)));
    this.#list.replaceChildren(...rows);
    this.#list.hidden = !rows.length;
    find("#search-said").textContent = said;
    find("#search-count").textContent = rows.length ? `${rows.length} found` : "";
    find("#search-again").hidden = !hasFailed;
    find("#search-more").hidden = next === null;
    this.#field.ariaExpanded = `${rows.length > 0}`;
    this.#select(selected);
  }

  #select(number) {
    const rows = [...this.#list.children];
    this.#selected = Math.max(0, Math.min(number, rows.length - 1));
    rows.forEach((row, at) => (row.ariaSelected = `${at === this.#selected}`));
    const selected = rows[this.#selected];
    if (selected) this.#field.setAttribute("aria-activedescendant", selected.id);
    else this.#field.removeAttribute("aria-activedescendant");
    selected?.scrollIntoView({ block: "nearest" });
  }

  #press(pressed) {
    const { key, isComposing } = pressed;
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    if (isComposing || (!step && key !== "Enter")) return;
    pressed.preventDefault();
    if (step) this.#select(this.#selected + step);
    else if (this.#list.ariaBusy !== "true") this.#choose(this.#selected);
  }

  #choose(number) {
    const chosen = this.#results[number];
    if (!chosen) return;
    this.#dialog.close();
    this.dispatchEvent(new CustomEvent("chosen", { detail: chosen }));
  }
}

/** Not where somebody is writing. */
function opens({ key, ctrlKey, metaKey, altKey, target }) {
  if (key.toLowerCase() === "k") return (ctrlKey || metaKey) && !altKey;
  const writes = target.closest?.("input, textarea, select, [contenteditable]");
  return key === "/" && !writes && !ctrlKey && !metaKey && !altKey;
}
