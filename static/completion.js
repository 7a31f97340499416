/** Completing `@` and the beginning of a name while somebody writes. */

import { avatar, make } from "/static/dom.js";
import { BEFORE } from "/static/naming.js";

const AFTER_MS = 120; // of not typing
const BEGUN = new RegExp(`${BEFORE}@([\\p{L}\\p{N}_-]{0,39})$`, "u"); // before the cursor

export class Completion {
  #area;
  #list;
  #people;
  #timer = 0;
  #asked = null; // an answer to anything else comes too late
  #found = [];
  #selected = 0;

  /** `people(words, signal)` promises those who may be named; `list` is where they are shown. */
  constructor(area, list, people) {
    this.#area = area;
    this.#list = list;
    this.#people = people;
    area.addEventListener("input", () => this.#askSoon());
    area.addEventListener("blur", () => this.#close());
    area.addEventListener("click", () => this.#close());
    area.addEventListener("keydown", (pressed) => this.#press(pressed));
    area.form.addEventListener("submit", () => this.#close());
    list.addEventListener("mousedown", (pressed) => {
      pressed.preventDefault(); // the area keeps the focus
      const row = pressed.target.closest("li");
      if (row) this.#take([...list.children].indexOf(row));
    });
  }

  get #begun() {
    const { value, selectionStart, selectionEnd } = this.#area;
    if (selectionStart !== selectionEnd) return null;
    return BEGUN.exec(value.slice(0, selectionEnd))?.[1] ?? null;
  }

  #askSoon() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    if (this.#begun === null) return this.#close();
    this.#timer = setTimeout(() => this.#ask(), AFTER_MS);
  }

  async #ask() {
    const { signal } = (this.#asked = new AbortController());
    const found = await this.#people(this.#begun ?? "", signal).catch(() => []);
    if (!signal.aborted) this.#show(found);
  }

  #show(found) {
    this.#found = found;
    const rows = found.map(({ username, ...person }) => {
      const id = `${this.#list.id}-${person.id}`;
      const name = make("span", { className: "name" }, person.name);
      const known = make("span", { className: "hint" }, `@${username}`);
      return make("li", { id, role: "option" }, avatar(person), name, known);
    });
    this.#list.replaceChildren(...rows);
    this.#list.hidden = !rows.length;
    const { length } = rows;
    const state = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "true" };
    for (const [name, value] of Object.entries({ ...state, "aria-controls": this.#list.id })) {
      if (length) this.#area.setAttribute(name, value);
      else this.#area.removeAttribute(name);
    }
    this.#select(0);
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked?.abort();
    if (!this.#list.hidden) this.#show([]);
  }

  #select(number) {
    const rows = [...this.#list.children];
    this.#selected = (number + rows.length) % rows.length || 0;
    rows.forEach((row, at) => (row.ariaSelected = `${at === this.#selected}`));
    const selected = rows[this.#selected];
    if (selected) this.#area.setAttribute("aria-activedescendant", selected.id);
    else this.#area.removeAttribute("aria-activedescendant");
    selected?.scrollIntoView({ block: "nearest" });
  }

  #press(pressed) {
    if (this.#list.hidden || pressed.isComposing) return;
    const acts = {
      ArrowDown: () => this.#select(this.#selected + 1),
      ArrowUp: () => this.#select(this.#selected - 1),
      Enter: () => this.#take(this.#selected),
      Tab: () => this.#take(this.#selected),
      Escape: () => this.#close(),
    };
    if (!(pressed.key in acts) || pressed.shiftKey) return;
    pressed.preventDefault();
    pressed.stopPropagation(); // Escape closes this, and nothing else
    acts[pressed.key]();
  }

  #take(number) {
    const { username } = this.#found[number];
    const { selectionEnd } = this.#area;
    const begin = selectionEnd - this.#begun.length;
    this.#area.setRangeText(`${username} `, begin, selectionEnd, "end");
    this.#close();
    this.#area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}
