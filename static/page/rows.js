/**
 * A list on the page, of which only the rows are made anew that have to look different. Of a long
 * list a part is made at a time, so that the page can be used meanwhile.
 */

const AT_ONCE = 40; // takes some 10 ms

export class Rows {
  #list;
  #beside;
  #shown = new Map(); // by id: how it looks, and its row
  #rest = 0;

  /** `beside` is what gets the focus when the row that has it goes. */
  constructor(list, { beside = null } = {}) {
    this.#list = list;
    this.#beside = beside;
  }

  /**
   * Shows one row for each thing, in their order.
   * @param {{id: number, looks: string}[]} things `looks` differs when the row has to
   * @param {(thing: object) => Element} make makes a row
   */
  show(things, make) {
    clearTimeout(this.#rest);
    const before = this.#shown;
    this.#shown = new Map();
    let left = AT_ONCE;
    for (const thing of things) {
      const { id, looks } = thing;
      const known = before.get(id);
      before.delete(id);
      if (known?.looks === looks || left === 0) {
        if (known) this.#shown.set(id, known);
        continue;
      }
      left -= 1;
      const row = make(thing);
      if (known) replaceRow(known.row, row);
      this.#shown.set(id, { looks, row });
    }
    const hasFocus = this.#list.contains(document.activeElement);
    for (const { row } of before.values()) row.remove();
    if (hasFocus && !this.#list.contains(document.activeElement)) this.#beside?.focus();
    this.#arrange();
    if (left === 0) this.#rest = setTimeout(() => this.show(things, make));
  }

  #arrange() {
    let place = this.#list.firstElementChild;
    for (const { row } of this.#shown.values()) {
      if (row === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row, place);
    }
  }
}

/** The focus moves to what has the same id in the new row. */
function replaceRow(old, row) {
  const focused = old.contains(document.activeElement) && document.activeElement.id;
  old.replaceWith(row);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
