/** Replies and edits in the open channel that were begun and are not on the page any more. */

import { ask } from "../api.js";
import { confirmed } from "../page/dialogs.js";
import { button, find, make } from "../page/dom.js";
import { excerptOf } from "../page/format.js";

const SAID = { reply: "Your reply is not sent:", edit: "Your change is not saved:" };
const GONE = 404;

export class Unfinished {
  #context;
  #goOn;
  #list = find("#unfinished");
  #shown = "[]";

  /**
   * `goOn(place, parentId)` shows the place of a draft.
   * @param {import("../page/context.js").Context} context
   */
  constructor(context, goOn) {
    this.#context = context;
    this.#goOn = goOn;
    context.drafts.addEventListener("changed", () => this.#show());
  }

  #show() {
    const { drafts, channel } = this.#context;
    const isHidden = ({ place }) =>
      place.kind in SAID && place.channelId === channel?.id && !drafts.isShown(place);
    const hidden = drafts.all.filter(isHidden);
    if (JSON.stringify(hidden) === this.#shown) return;
    this.#shown = JSON.stringify(hidden);
    this.#list.replaceChildren(...hidden.map((draft) => this.#row(draft)));
    this.#list.hidden = !hidden.length;
  }

  #row(draft) {
    const text = make("span", { className: "name", title: textOf(draft) }, excerptOf(textOf(draft)));
    const goOn = button("Continue", () => this.#continue(draft), { className: "quiet" });
    const discard = () => this.#context.drafts.discard(draft.place);
    const giveUp = button("Discard", discard, { className: "quiet" });
    return make("li", {}, make("span", {}, SAID[draft.place.kind]), text, goOn, giveUp);
  }

  /** Goes on with a draft, or offers to post it where the post that it is about is gone. */
  async #continue(draft) {
    const { place, parentId, text, files } = draft;
    const isGone = await ask("GET", `/posts/${place.postId}`).then(
      () => false,
      ({ status }) => status === GONE,
    );
    if (!isGone) return this.#goOn(place, parentId);
    if (!(await confirmed("That post has been deleted", textOf(draft), "Post it by itself"))) return;
    this.#context.outbox.add(place.channelId, null, text, files);
    this.#context.drafts.discard(place);
  }
}

/** What stands for a draft: its text, or else the names of its files. */
export function textOf({ text, files = [], lost = [] }) {
  return text.trim() || [...files.map(({ name }) => name), ...lost].join(", ");
}
