/** Completes `@` and the beginning of a name with those who may read the channel. */

import { ask } from "../api.js";
import { avatar, make } from "../page/dom.js";
import { onKey } from "../page/keys.js";
import { Listbox } from "../page/listbox.js";
import { BEFORE_MENTION } from "./mention_syntax.js";

const AFTER_MS = 120; // of not typing
const [A_PAGE, SHOWN] = [100, 8];
const BEGUN = new RegExp(`${BEFORE_MENTION}[@＠]([\\p{L}\\p{N}_-]{0,39})$`, "u"); // before the cursor

export class MentionCompletion {
  #area;
  #list;
  #context;
  #listbox;
  #words = null; // what is being completed
  #found = [];

  /**
   * `list` is where the people are offered.
   * @param {import("../page/context.js").Context} context
   */
  constructor(area, list, context) {
    this.#area = area;
    this.#list = list;
    this.#context = context;
    this.#listbox = new Listbox(area, list, (number) => this.#take(number));
    area.addEventListener("input", () => this.#ask());
    area.addEventListener("selectionchange", () => this.#begun !== this.#words && this.#close());
    area.addEventListener("blur", () => this.#close());
    onKey(area, (key, pressed) => this.#press(key, pressed));
    area.form.addEventListener("submit", () => this.#close());
  }

  get #begun() {
    const { value, selectionStart, selectionEnd } = this.#area;
    if (selectionStart !== selectionEnd) return null;
    return BEGUN.exec(value.slice(0, selectionEnd))?.[1] ?? null;
  }

  #ask() {
    this.#words = this.#begun;
    if (this.#words === null) return this.#close();
    this.#listbox.ask(async (signal) => {
      const found = await mentionable(this.#words, this.#context, signal).catch(() => []);
      if (!signal.aborted) this.#show(found);
    }, AFTER_MS);
  }

  #show(found) {
    this.#found = found;
    const rows = found.map(({ username, ...person }) => {
      const id = `${this.#list.id}-${person.id}`;
      const name = make("span", { className: "name" }, person.name);
      const known = make("span", { className: "hint" }, `@${username}`);
      return make("li", { id, role: "option" }, avatar(person), name, known);
    });
    this.#listbox.show(rows);
  }

  #close() {
    this.#words = null;
    this.#listbox.forget();
    if (!this.#list.hidden) this.#show([]);
  }

  #press(key, pressed) {
    if (this.#list.hidden) return;
    if (this.#begun !== this.#words) return this.#close(); // the cursor has just been moved
    const acts = {
      ArrowDown: () => this.#listbox.move(1),
      ArrowUp: () => this.#listbox.move(-1),
      Enter: () => this.#take(this.#listbox.selected),
      Tab: () => this.#take(this.#listbox.selected),
      Escape: () => this.#close(),
    };
    if (!(key in acts) || pressed.shiftKey) return;
    pressed.preventDefault();
    pressed.stopPropagation(); // Escape closes this, and nothing else
    acts[key]();
  }

  #take(number) {
    if (number === null) return;
    const { selectionEnd } = this.#area;
    const begin = selectionEnd - this.#words.length - 1; // an @ of any width
    this.#area.setRangeText(`@${this.#found[number].username} `, begin, selectionEnd, "end");
    this.#area.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Other readers of the channel whose username begins with the words, or whose name has them. */
async function mentionable(words, { me, people, channel }, signal) {
  const { id, kind } = channel;
  const readers = new Set(people.all.map((member) => member.id));
  if (kind === "private") {
    const { member_ids: letIn } = await ask("GET", `/channels/${id}`, undefined, { signal });
    for (const reader of readers) if (!letIn.includes(reader)) readers.delete(reader);
  }
  readers.delete(me.id);
  const query = new URLSearchParams({ search: words, limit: A_PAGE });
  const found = [];
  let next = null;
  do {
    const page = await ask("GET", `/users?${query}`, undefined, { signal });
    found.push(...page.users.filter((user) => user.active && readers.has(user.id)));
    next = page.next;
    query.set("after", next);
  } while (next && found.length < SHOWN);
  return found.slice(0, SHOWN);
}
