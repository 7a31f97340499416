/** Your groups in the sidebar, and the dialog to join or create one. */

import { ask, askForAll, newKey } from "../api.js";
import { mentionBadge } from "./mentions.js";
import { addressOf } from "../page/address.js";
import { find, make, replaceRows } from "../page/dom.js";
import { clearProblems, onSubmit } from "../page/forms.js";
import { visit } from "../page/layers.js";
import { LiveQuery } from "../page/live_query.js";

/**
 * Dispatches `changed` with the list, `failed` if it cannot be loaded, `counted` with what is unread,
 * and `asked` with a group that lets nobody in before a moderator has said yes.
 */
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
    live.watch({
      watching: () => {
        const isAlone = this.#current === null; // or it is loaded after the channels
        if (isAlone) this.#query.loaded.then(() => this.load());
      },
      newest: (groups) => this.#hear(groups),
    });
    this.#listen();
  }

  load() {
    return this.#query.load();
  }

  /** Takes over one's new role in the open group, and loads what else may have come with it. */
  changeRole(role) {
    const isOpen = ({ id }) => id === this.#current;
    this.all = this.all.map((group) => (isOpen(group) ? { ...group, role } : group));
    this.dispatchEvent(new Event("changed"));
    this.load();
  }

  end() {
    this.isLoaded = false;
    this.#query.end();
  }

  find(id) {
    return this.all.find((group) => group.id === id) ?? null;
  }

  /** The one to open by itself. */
  get first() {
    return this.all.find(({ archived }) => !archived) ?? this.all[0] ?? null;
  }

  select(id) {
    this.#current = id;
    this.#render();
  }

  /** Whether there is something to read in another group than the open one. */
  get isUnreadElsewhere() {
    return this.all.some(({ id, unread }) => unread && id !== this.#current);
  }

  /** Notes whether there is something to read in the open group. */
  count(unread) {
    const group = this.find(this.#current);
    if (group) group.unread = unread > 0;
  }

  #hear(groups) {
    if (this.#query.isLoading) // the list on its way may be older
      this.#query.loaded.then(() => this.#hear(groups));
    for (const [id, channels] of Object.entries(groups)) {
      const group = this.find(Number(id));
      if (!group || group.id === this.#current) continue;
      if (Object.values(channels).some((newest) => newest > 0)) group.unread = true;
      else this.load();
    }
    this.#render();
    this.dispatchEvent(new Event("counted"));
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
      if (group.status === "waiting") {
        dialog.close();
        return this.dispatchEvent(new CustomEvent("asked", { detail: group.group }));
      }
      await this.load();
      visit(addressOf({ groupId: group.id }));
    };
    onSubmit(join, (values) => enter("/memberships", values));
    onSubmit(create, (values) => enter("/groups", values));
  }

  #render() {
    const archived = this.all.filter((group) => group.archived);
    const others = this.all.filter((group) => !group.archived);
    replaceRows(
      find("#groups"),
      others.map((group) => this.#row(group)),
    );
    replaceRows(
      find("#archived"),
      archived.map((group) => this.#row(group)),
    );
    find("#archived-groups").hidden = !archived.length;
    find("#archived-label").textContent = `Archived (${archived.length})`;
    if (archived.some(({ id }) => id === this.#current)) find("#archived-groups").open = true;
  }

  #row(group) {
    const row = make(
      "a",
      {
        id: `to-group-${group.id}`,
        href: addressOf({ groupId: group.id }),
        title: group.description,
      },
      make("span", { className: "name" }, group.name),
    );
    const isOpen = group.id === this.#current;
    if (isOpen) row.setAttribute("aria-current", "true");
    else if (this.#mentions.unreadInGroup(group.id)) row.append(mentionBadge());
    if (group.unread && !isOpen) {
      const label = make("span", { className: "hidden-label" }, " has something to read");
      row.append(make("span", { className: "dot" }, label));
      row.classList.add("has-unread");
    }
    return make("li", {}, row);
  }
}
