/** The record of a group: what its owners and moderators have done, newest first, live. */

import { askPatiently } from "../api.js";
import { find, make, onClosed, time } from "../page/dom.js";
import { shortlyOf } from "../page/format.js";
import { onClick } from "../page/dialogs.js";
import { LiveQuery } from "../page/live_query.js";
import { Rows } from "../page/rows.js";
import { sentenceOf } from "./act_sentences.js";
import { isAct } from "./moderation.js";

const A_PAGE = 50;

export class RecordDialog {
  #context;
  #channels;
  #dialog = find("#record-dialog");
  #rows = new Rows(find("#record"));
  #query = null;
  #acts = new Map(); // by id
  #names = new Map(); // by the id of a person
  #older = null;

  /** @param {import("../page/context.js").Context} context */
  constructor(context, channels) {
    this.#context = context;
    this.#channels = channels;
    onClick("#older-acts", () => this.#showOlder());
    onClosed(this.#dialog, () => this.#end());
  }

  open() {
    this.#query = new LiveQuery(this.#context.live, {
      fetch: (options) => this.#page("", options),
      show: (list) => {
        this.#acts.clear();
        this.#add(list);
      },
      event: (event) => this.#apply(event),
      failed: () => this.#dialog.close(),
      revoked: () => this.#dialog.close(),
    });
    this.#dialog.showModal();
  }

  #end() {
    this.#query.end();
    this.#acts.clear();
    this.#rows.show([]);
  }

  #page(behind, options) {
    const path = `/groups/${this.#context.group.id}/acts?limit=${A_PAGE}${behind}`;
    return askPatiently("GET", path, undefined, options);
  }

  async #showOlder() {
    this.#add(await this.#page(`&before=${this.#older}`));
    if (this.#older === null) find("#record").focus({ preventScroll: true }); // no button any more
  }

  #add({ acts, people, next }) {
    for (const { id, name } of people) this.#names.set(id, name);
    for (const act of acts) this.#acts.set(act.id, act);
    this.#older = next;
    this.#show();
  }

  /** An act says by ids alone who did it to whom. */
  #apply(event) {
    if (!isAct(event)) return;
    const { data } = event;
    const ids = [data.by_id, data.person_id].filter((id) => id !== null);
    if (!ids.every((id) => this.#isKnown(id))) return this.#query.load();
    this.#acts.set(data.id, data);
    this.#show();
  }

  #isKnown(id) {
    return this.#names.has(id) || Boolean(this.#context.people.of({ id })?.name);
  }

  #nameOf = (id) => {
    const known = id === null ? null : this.#context.people.of({ id })?.name;
    return known ?? this.#names.get(id) ?? "somebody who left";
  };

  #channelOf = (id) => this.#channels.find(id)?.name ?? null;

  #show() {
    const newest = [...this.#acts.values()].sort((a, b) => b.id - a.id);
    find("#no-acts").hidden = newest.length > 0;
    find("#older-acts").hidden = this.#older === null;
    const rows = newest.map((act) => {
      const said = sentenceOf(act, this.#nameOf, this.#channelOf);
      return { id: act.id, looks: said, said: said[0].toUpperCase() + said.slice(1), at: act.at };
    });
    this.#rows.show(rows, ({ said, at }) => rowOf(said, at));
  }
}

function rowOf(said, at) {
  return make("li", {}, make("span", {}, said), time(at, shortlyOf(at)));
}
