/** The groups that you have asked to join, and that have not answered yet. */

import { ask, askForAll } from "../api.js";
import { attempt, notify } from "../page/dialogs.js";
import { button, find, make } from "../page/dom.js";
import { LiveQuery } from "../page/live_query.js";
import { Rows } from "../page/rows.js";

/** Dispatches `changed` with whom is waited for. */
export class Applications extends EventTarget {
  all = [];
  #query;
  #rows = new Rows(find("#applications"), { beside: find("#new-group") });

  constructor(live) {
    super();
    this.#query = new LiveQuery(live, {
      fetch: (options) => askForAll("/me/applications", "applications", options),
      show: ({ applications }) => this.#show(applications),
      event: (event) => this.#apply(event),
    });
  }

  /** Loads them anew after something was asked. */
  load() {
    return this.#query.load();
  }

  end() {
    this.#query.end();
  }

  #apply({ kind, data }) {
    if (!kind.startsWith("application.")) return;
    const asked = this.all.find(({ group }) => group.id === data.group_id);
    if (asked && kind === "application.accepted") notify(`You are in ${asked.group.name} now.`);
    if (asked && kind === "application.refused")
      notify(`The moderators of ${asked.group.name} have not let you in.`);
    this.load();
  }

  #show(applications) {
    this.all = applications;
    find("#applications-part").hidden = !applications.length;
    const rows = applications.map(({ group }) => ({ id: group.id, looks: group.name, group }));
    this.#rows.show(rows, ({ group }) => {
      const withdraw = () => attempt(() => ask("DELETE", `/me/applications/${group.id}`));
      const label = `Do not join ${group.name}`;
      const stop = button(label, withdraw, { iconName: "close", className: "plain" });
      return make(
        "li",
        { className: "locked" },
        make("span", { className: "name" }, group.name),
        stop,
      );
    });
    this.dispatchEvent(new Event("changed"));
  }
}
