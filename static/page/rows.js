/** A list on the page, of which only the rows are made anew that have to look different. */

import { replaceRows } from "/static/page/dom.js";

export class Rows {
  #list;
  #shown = new Map(); // by id: how it looks, and its row

  constructor(list) {
    this.#list = list;
  }

  /**
   * Shows one row for each thing, in their order.
   * @param {{id: number, looks: string}[]} things `looks` differs when the row has to
   * @param {(thing: object) => Element} make makes a row
   */
  show(things, make) {
    const before = this.#shown;
    this.#shown = new Map();
    for (const thing of things) {
      const known = before.get(thing.id);
      const row = known?.looks === thing.looks ? known.row : make(thing);
      if (known && known.row !== row) replaceRow(known.row, row);
      this.#shown.set(thing.id, { looks: thing.looks, row });
    }
    const rows = [...this.#shown.values()].map(({ row }) => row);
    const { children } = this.#list;
    const isInPlace = rows.length === children.length && rows.every((row, n) => row === children[n]);
    if (!isInPlace) replaceRows(this.#list, rows);
  }
}

/** The focus moves to what has the same id in the new row. */
function replaceRow(old, row) {
  const focused = old.contains(document.activeElement) && document.activeElement.id;
  old.replaceWith(row);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}
