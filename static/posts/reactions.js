/** The reactions to a post, and the palette to choose one from. */

import { button, find, make } from "../page/dom.js";
import { react } from "./post_actions.js";

const PALETTE = ["👍", "❤️", "😂", "🎉", "👀", "✅", "🤔"];

export class Reactions {
  element = make("ul", { className: "reactions", "aria-label": "Reactions" });
  #context;
  #post = null;
  #place;

  /**
   * `place` has the button `.react` and takes the palette.
   * @param {import("../page/context.js").Context} context
   */
  constructor(place, context) {
    this.#place = place;
    this.#context = context;
  }

  show(post) {
    this.#post = post;
    const focused = this.element.contains(document.activeElement)
      ? document.activeElement.dataset.emoji
      : null;
    const pills = post.reactions.map(({ emoji, user_ids: ids }) => {
      const isOn = ids.includes(this.#context.me.id);
      const names = this.#context.people.namesOf(ids);
      const pill = button("", () => react(post, emoji, !isOn), {
        className: "pill",
        title: names,
        "aria-pressed": isOn,
        "aria-label": `${emoji} ${ids.length}: ${names}`,
      });
      pill.append(make("span", { className: "emoji" }, emoji), ` ${ids.length}`);
      pill.dataset.emoji = emoji;
      return make("li", {}, pill);
    });
    this.element.replaceChildren(...pills);
    this.element.hidden = !pills.length;
    if (focused) find(`[data-emoji="${focused}"]`, this.element)?.focus();
  }

  openPalette() {
    if (find(".palette", this.#place)) return this.closePalette(true);
    const palette = make("div", { className: "palette", role: "group", ariaLabel: "Reactions" });
    for (const emoji of PALETTE) {
      const mine = this.#post.reactions.find((one) => one.emoji === emoji)?.user_ids ?? [];
      const isOn = mine.includes(this.#context.me.id);
      const choose = () => {
        react(this.#post, emoji, !isOn);
        this.closePalette(true);
      };
      palette.append(button(emoji, choose, { className: "plain emoji", "aria-pressed": isOn }));
    }
    this.#place.append(palette);
    palette.firstChild.focus();
    palette.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.#place.contains(relatedTarget)) this.closePalette(false);
    });
  }

  closePalette(focusBack) {
    const palette = find(".palette", this.#place);
    if (!palette) return;
    palette.classList.remove("palette"); // removing it moves the focus, which would close it again
    if (focusBack) find(".react", this.#place)?.focus();
    palette.remove();
  }
}
