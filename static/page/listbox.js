/** The listbox of a field: options for what is typed, selected with the arrow keys. */

export class Listbox {
  #field;
  #list;
  #at = 0;
  #timer = 0;
  #asked = new AbortController(); // ends the question that was asked last

  /** `choose(number)` is called with the number of the option that is clicked. */
  constructor(field, list, choose) {
    this.#field = field;
    this.#list = list;
    list.addEventListener("mousedown", (pressed) => pressed.preventDefault()); // keeps the focus
    list.addEventListener("click", ({ target }) => {
      const row = target.closest("li");
      if (row) choose([...list.children].indexOf(row));
    });
  }

  /** Calls `question(signal)` after a while, unless something else is asked first. */
  ask(question, afterMs = 0) {
    this.forget();
    const { signal } = (this.#asked = new AbortController());
    this.#list.ariaBusy = "true";
    this.#timer = setTimeout(async () => {
      await question(signal);
      if (!signal.aborted) this.#list.ariaBusy = "false";
    }, afterMs);
  }

  forget() {
    clearTimeout(this.#timer);
    this.#asked.abort();
  }

  show(rows, at = 0) {
    this.#list.replaceChildren(...rows);
    this.#list.hidden = !rows.length;
    this.#at = at;
    this.move(0);
  }

  move(step) {
    const rows = [...this.#list.children];
    this.#at = Math.max(0, Math.min(this.#at + step, rows.length - 1));
    rows.forEach((row, at) => (row.ariaSelected = `${at === this.#at}`));
    const chosen = rows[this.#at];
    if (chosen) this.#field.setAttribute("aria-activedescendant", chosen.id);
    else this.#field.removeAttribute("aria-activedescendant");
    chosen?.scrollIntoView({ block: "nearest" });
  }

  /** The number of the selected option; null while the options for what is typed are not there. */
  get selected() {
    return this.#list.hidden || this.#list.ariaBusy === "true" ? null : this.#at;
  }
}
