/** The dialog with the posts that could not be sent, also those of places that are not open. */

import { find, make } from "../page/dom.js";
import { pendingView } from "../posts/pending_view.js";

export class UnsentDialog {
  #context;
  #nameOf;
  #dialog = find("#unsent-dialog");

  /**
   * `nameOf(channelId)` promises what a channel is called.
   * @param {import("../page/context.js").Context} context
   */
  constructor(context, nameOf) {
    this.#context = context;
    this.#nameOf = nameOf;
    find("#open-unsent").addEventListener("click", () => {
      this.#dialog.showModal();
      this.#show();
    });
    context.outbox.addEventListener("changed", () => this.#show());
    this.#show();
  }

  #show() {
    const failed = this.#context.outbox.unsent.filter(({ state }) => state === "failed");
    const count = failed.length;
    find("#not-sent").hidden = !count;
    find("#open-unsent").textContent = count === 1 ? "1 post not sent" : `${count} posts not sent`;
    if (!count) this.#dialog.close();
    if (this.#dialog.open) find("#unsent").replaceChildren(...failed.map((item) => this.#row(item)));
  }

  #row(item) {
    const row = pendingView(item, this.#context);
    const where = make("span", { className: "hint" });
    this.#nameOf(item.channelId).then((name) => {
      where.textContent = name || "A channel that is no longer open to you";
    });
    find(".meta", row).append(" ", where);
    return row;
  }
}
