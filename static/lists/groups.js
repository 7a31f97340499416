/** Your groups in the sidebar, and the dialog to join or create one. */

import { ask, askForAll, newKey } from "/static/api.js";
import { mentionBadge } from "/static/lists/mentions.js";
import { addressOf } from "/static/page/address.js";
import { find, make, replaceRows } from "/static/page/dom.js";
import { clearProblems, onSubmit } from "/static/page/forms.js";
import { visit } from "/static/page/layers.js";
import { LiveQuery } from "/static/page/live_query.js";

/** Dispatches `changed` with the list, and `failed` if it cannot be loaded. */
export class Groups extends EventTarget {
  all = [];
  isLoaded = false;
  #query;
  #mentions;
  #current = null;

  constructor(live, mentions) {
    super();
    this.#mentions = mentions;
    mentions.addEventListener("changed", () => this.#render());
    this.#query = new LiveQuery(live, {
      fetch: (options) => askForAll("/groups", "groups", options),
      show: ({ groups }) => {
        this.all = groups;
        this.isLoaded = true;
        this.#render();
        this.dispatchEvent(new Event("changed"));
      },
      event: ({ kind }) => kind.startsWith("membership.") && this.load(),
      failed: (problem) => this.dispatchEvent(new CustomEvent("failed", { detail: problem })),
    });
    this.#listen();
  }

  load() {
    return this.#query.load();
  }

  find(id) {
    return this.all.find((group) => group.id === id) ?? null;
  }

  select(id) {
    this.#current = id;
    this.#render();
  }

  #listen() {
    const dialog = find("#group-dialog");
    const [join, create] = [find("#join-group"), find("#make-group")];
    find("#new-group").addEventListener("click", () => {
      for (const form of [join, create]) {
        form.reset();
        clearProblems(form);
      }
      dialog.showModal();
    });
    const enter = async (path, values) => {
      const group = await ask("POST", path, values, { key: newKey() });
      await this.load();
      visit(addressOf({ groupId: group.id }));
    };
    onSubmit(join, (values) => enter("/memberships", values));
    onSubmit(create, (values) => enter("/groups", values));
  }

  #render() {
    const rows = this.all.map((group) => {
      const row = make(
        "a",
        {
          id: `to-group-${group.id}`,
          href: addressOf({ groupId: group.id }),
          title: group.description,
        },
        make("span", { className: "name" }, group.name),
      );
      if (group.id === this.#current) row.setAttribute("aria-current", "true");
      else if (this.#mentions.unreadInGroup(group.id)) row.append(mentionBadge());
      return make("li", {}, row);
    });
    replaceRows(find("#groups"), rows);
  }
}
