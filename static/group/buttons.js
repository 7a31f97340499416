/** The buttons about the open group, below its channels: who is there, who waits, what is reported. */

import { find, make } from "../page/dom.js";

export class GroupButtons {
  #context;
  #moderation;
  #reports;

  /**
   * @param {import("../page/context.js").Context} context
   * @param {import("./moderation.js").Moderation} moderation
   * @param {import("./reports.js").Reports} reports
   */
  constructor(context, moderation, reports) {
    this.#context = context;
    this.#moderation = moderation;
    this.#reports = reports;
    for (const shown of [context.people, moderation, reports])
      shown.addEventListener("changed", () => this.show());
    context.people.addEventListener("present", () => this.show());
  }

  show() {
    const { people, group, mayModerate } = this.#context;
    const { length: members } = people.all;
    find("#members-label").textContent = members === 1 ? "1 member" : `${members} members`;
    find("#members-here").textContent = people.present > 1 ? `${people.present} here` : "";
    showCount("#members-waiting", this.#moderation.waiting.length, " waiting to be let in");
    find("#open-reports").hidden = !mayModerate;
    showCount("#reports-count", this.#reports.count, " to settle");
    const isOwner = group?.role === "owner";
    find("#open-group-label").textContent = isOwner ? "Group settings" : "About the group";
  }
}

function showCount(id, count, what) {
  find(id).hidden = !count;
  find(id).replaceChildren(`${count}`, make("span", { className: "hidden-label" }, what));
}
