/** The dialog that tells somebody, once on each device, that those who moderate have warned her. */

import { askPatiently } from "../api.js";
import { storageOfBrowser } from "../live/storage.js";
import { addressOfPost } from "../page/address.js";
import { find } from "../page/dom.js";
import { LiveQuery } from "../page/live_query.js";

export class Warnings {
  #nameOf;
  #query;
  #storage = storageOfBrowser();
  #place; // in the storage: when the one was given that was shown last

  /**
   * `nameOf(channelId, groupId)` promises what a channel and its group are called.
   * @param {import("../page/context.js").Context} context
   */
  constructor({ live, me }, nameOf) {
    this.#nameOf = nameOf;
    this.#place = `warned ${me.id}`;
    find("#warned-post").addEventListener("click", () => find("#warned-dialog").close());
    this.#query = new LiveQuery(live, {
      fetch: (options) => askPatiently("GET", "/me/warnings", undefined, options),
      show: ({ warnings: [newest] }) => newest && this.#tell(newest),
      event: ({ kind, data }) => kind === "member.warned" && this.#tell(data),
    });
  }

  end() {
    this.#query.end();
  }

  async #tell(warning) {
    const { channel_id, group_id, warned_at: at } = warning;
    if (at <= (this.#storage.getItem(this.#place) ?? "")) return;
    const where = await this.#nameOf(channel_id, group_id);
    const link = find("#warned-post");
    find("#warned-text").textContent =
      `You were warned about something that you wrote${where ? ` in ${where}` : ""}.`;
    link.closest(".verbs").hidden = warning.post_id === null;
    link.href = addressOfPost(warning);
    if (!find("#warned-dialog").open) find("#warned-dialog").showModal();
    this.#note(at);
  }

  #note(at) {
    try {
      this.#storage.setItem(this.#place, at);
    } catch {
      return; // it is shown again
    }
  }
}
