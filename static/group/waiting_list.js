/** Who waits to be let in, among the members. */

import { ask } from "../api.js";
import { attempt } from "../page/dialogs.js";
import { avatar, button, find, make } from "../page/dom.js";
import { fullyOf } from "../page/format.js";
import { Rows } from "../page/rows.js";

export class WaitingList {
  #context;
  #moderation;
  #rows = new Rows(find("#waiting"));

  /**
   * @param {import("../page/context.js").Context} context
   * @param {import("./moderation.js").Moderation} moderation
   */
  constructor(context, moderation) {
    this.#context = context;
    this.#moderation = moderation;
    moderation.addEventListener("changed", () => this.#show());
    this.#show();
  }

  #show() {
    const { waiting } = this.#moderation;
    find("#waiting-part").hidden = !waiting.length;
    const list = find("#waiting");
    const hadFocus = list.contains(document.activeElement);
    const rows = waiting.map((person) => ({
      id: person.id,
      looks: JSON.stringify(person),
      person,
    }));
    this.#rows.show(rows, ({ person }) => this.#row(person));
    const isLost = hadFocus && !list.contains(document.activeElement);
    if (isLost) (find("button", list) ?? find("#members-title")).focus();
  }

  #row(person) {
    const { id, name, username, created_at: at } = person;
    const hint = make("span", { className: "hint", title: fullyOf(at) }, `@${username}`);
    const path = `/groups/${this.#context.group.id}/applications/${id}`;
    const settle = (method) => () => attempt(() => ask(method, path));
    const accept = button("Let in", settle("PUT"), { ariaLabel: `Let in ${name}` });
    const refuse = button("Refuse", settle("DELETE"), { ariaLabel: `Refuse ${name}` });
    refuse.classList.add("plain");
    const about = make("span", { className: "person" }, name, hint);
    return make("li", {}, avatar(person), about, accept, refuse);
  }
}
