/** Who is banned from a group, as long as the dialog of its members is open. */

import { ask, askForAll } from "../api.js";
import { attempt, confirmed } from "../page/dialogs.js";
import { avatar, button, find, make } from "../page/dom.js";
import { dateOf } from "../page/format.js";
import { Rows } from "../page/rows.js";
import { LiveQuery } from "../page/live_query.js";

const CHANGES = /^(member\.(banned|unbanned|anonymised)|person\.changed)$/u;

export class BanList {
  #context;
  #query = null;
  #rows = new Rows(find("#banned"), { beside: find("#members-title") });

  /** @param {import("../page/context.js").Context} context */
  constructor(context) {
    this.#context = context;
  }

  open() {
    const path = `/groups/${this.#context.group.id}/bans`;
    this.#query = new LiveQuery(this.#context.live, {
      fetch: (options) => askForAll(path, "bans", options),
      show: ({ bans }) => this.#show(bans),
      event: ({ kind }) => CHANGES.test(kind) && this.#query.load(),
    });
  }

  close() {
    this.#query?.end();
    this.#query = null;
    this.#show([]);
  }

  #show(bans) {
    find("#banned-part").hidden = !bans.length;
    find("#banned-label").textContent = `Banned (${bans.length})`;
    const rows = bans.map((person) => ({ id: person.id, looks: JSON.stringify(person), person }));
    this.#rows.show(rows, ({ person }) => this.#row(person));
  }

  #row(person) {
    const { name, username, created_at: at } = person;
    const hint = make("span", { className: "hint" }, `@${username}, since ${dateOf(at)}`);
    const about = make("span", { className: "person" }, name, hint);
    const unban = button("Unban", () => this.#unban(person), { ariaLabel: `Unban ${name}` });
    return make("li", {}, avatar(person), about, unban);
  }

  async #unban({ id, name }) {
    const text = "They are not let in by that, but a join code will let them in again.";
    if (!(await confirmed(`Unban ${name}?`, text, "Unban"))) return;
    await attempt(() => ask("DELETE", `/groups/${this.#context.group.id}/bans/${id}`));
  }
}
