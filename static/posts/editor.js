/** Edits the text of a post in its place; what is not saved yet is kept as a draft. */

import { button, find, make } from "../page/dom.js";
import { submitOnEnter } from "../page/forms.js";
import { onKey } from "../page/keys.js";
import { fits, showRoom } from "../page/room.js";
import { MentionCompletion } from "./mention_completion.js";

const CHANGED = "This post was changed elsewhere. Saving will replace that version.";

export class Editor {
  #before;
  #done;
  #area;
  #hint = make("p", { className: "hint", role: "status" });

  /**
   * `save(text)` promises whether it was saved; `done()` puts back what was in `element`.
   * @param {object} place see `DraftStorage`
   * @param {import("../page/context.js").Context} context
   */
  constructor(element, place, post, context, { save, done }) {
    const { drafts } = context;
    const follow = (kept) => this.#follow(kept);
    const kept = drafts.open(place, { follow, isShown: () => this.#area.isConnected });
    this.#before = kept?.before ?? post.text;
    this.#done = done;
    const end = () => {
      drafts.save(place, null);
      done();
    };
    const list = make("ul", {
      id: `people-of-${post.id}`,
      className: "completion",
      role: "listbox",
      ariaLabel: "People to mention",
      hidden: true,
    });
    this.#area = make("textarea", {
      value: kept?.text ?? post.text,
      "data-most-chars": find("#text").dataset.mostChars,
      required: !post.files.length,
      ariaLabel: "Text of the post",
      dir: "auto",
      ariaAutoComplete: "list",
      "aria-controls": list.id,
    });
    const saving = make("button", { type: "submit", className: "primary" }, "Save");
    const verbs = make("p", { className: "verbs" }, saving, button("Cancel", end));
    const form = make("form", { className: "editing" }, this.#area, list, this.#hint, verbs);
    new MentionCompletion(this.#area, list, context); // hears each key first
    submitOnEnter(this.#area);
    onKey(form, (key) => key === "Escape" && end());
    const rest = { files: [], lost: [], before: this.#before, parentId: post.parent?.id };
    this.#area.addEventListener("input", () => {
      drafts.save(place, this.changed === null ? null : { text: this.changed, ...rest });
    });
    form.addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      if (form.ariaBusy === "true" || !fits(this.#area)) return;
      form.ariaBusy = "true";
      if (this.changed === null || (await save(this.changed))) end();
      form.ariaBusy = "false";
    });
    element.replaceChildren(form);
    showRoom(this.#area);
    this.update(post);
  }

  focus() {
    const { length } = this.#area.value;
    this.#area.focus();
    this.#area.setSelectionRange(length, length);
  }

  /** The new text; null while it is the same as before. */
  get changed() {
    const { value } = this.#area;
    return value === this.#before ? null : value;
  }

  /** Warns if the post was changed meanwhile. */
  update({ text }) {
    const isOther = ![this.#before, this.#area.value].includes(text);
    this.#hint.textContent = isOther ? CHANGED : "";
  }

  /** Shows what another tab has made of it: there it goes on, or is saved or given up. */
  #follow(kept) {
    if (!this.#area.isConnected) return false;
    if (kept) this.#area.value = kept.text;
    else this.#done();
    showRoom(this.#area);
    return true;
  }
}
