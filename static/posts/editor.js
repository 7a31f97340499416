/** Edits the text of a post in its place. */

import { button, find, make } from "/static/page/dom.js";
import { submitOnEnter } from "/static/page/forms.js";
import { onKey } from "/static/page/keys.js";
import { fits, showRoom } from "/static/page/room.js";
import { MentionCompletion } from "/static/posts/mention_completion.js";

const CHANGED = "This post was changed elsewhere. Saving will replace that version.";

export class Editor {
  #before;
  #area;
  #hint = make("p", { className: "hint", role: "status" });

  /**
   * `save(text)` promises whether it was saved; `done()` puts back what was in `place`.
   * @param {import("../page/context.js").Context} context
   */
  constructor(place, post, context, { save, done }) {
    this.#before = post.text;
    const list = make("ul", {
      id: `people-of-${post.id}`,
      className: "completion",
      role: "listbox",
      ariaLabel: "People to mention",
      hidden: true,
    });
    this.#area = make("textarea", {
      value: post.text,
      "data-most-chars": find("#text").dataset.mostChars,
      required: !post.files.length,
      ariaLabel: "Text of the post",
      dir: "auto",
      ariaAutoComplete: "list",
      "aria-controls": list.id,
    });
    const saving = make("button", { type: "submit", className: "primary" }, "Save");
    const verbs = make("p", { className: "verbs" }, saving, button("Cancel", done));
    const form = make("form", { className: "editing" }, this.#area, list, this.#hint, verbs);
    new MentionCompletion(this.#area, list, context); // hears each key first
    submitOnEnter(this.#area);
    onKey(form, (key) => key === "Escape" && done());
    form.addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      if (form.ariaBusy === "true" || !fits(this.#area)) return;
      form.ariaBusy = "true";
      if (this.changed === null || (await save(this.changed))) done();
      form.ariaBusy = "false";
    });
    place.replaceChildren(form);
    showRoom(this.#area);
    this.#area.focus();
    this.#area.setSelectionRange(post.text.length, post.text.length);
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
}
