/** One post on the page. It is changed in place, so that focus and scrolling stay as they are. */

import { fullyOf, timeOf } from "/static/dates.js";
import { avatar, button, find, make } from "/static/dom.js";
import { formatted } from "/static/formatted.js";

export const PALETTE = ["👍", "❤️", "😂", "🎉", "👀", "✅", "🤔"];

/**
 * `context`: `me` (id), `people` (names), `channel()`, `mayModerate()`, and what the buttons do:
 * `react(post, emoji, on)`, `edit(post, text)`, `remove(post)`; `open(post)`, null in a thread.
 */
export class PostView {
  post = null;
  #context;
  #parts;
  #shownText = null;

  constructor(post, context) {
    this.#context = context;
    const parts = {
      day: make("p", { className: "day", hidden: true }),
      face: make("div", { className: "face" }),
      author: make("strong", { className: "author" }),
      time: make("time"),
      edited: make("span", { className: "edited", hidden: true }, "edited"),
      text: make("div", { className: "text" }),
      reactions: make("ul", { className: "reactions", "aria-label": "Reactions" }),
      replies: button("", () => context.open(this.post), { className: "quiet replies" }),
      actions: make("div", { className: "actions", role: "group" }),
    };
    this.#parts = parts;
    const meta = make("p", { className: "meta" }, parts.author, " ", parts.time, " ", parts.edited);
    const body = make(
      "div",
      { className: "body" },
      meta,
      parts.text,
      parts.reactions,
      parts.replies,
    );
    const article = make("article", {}, parts.face, body, parts.actions);
    this.element = make("li", { className: "post" }, parts.day, article);
    this.element.addEventListener("keydown", (pressed) => {
      if (pressed.key === "Escape") this.#closePalette(true);
    });
    this.update(post);
  }

  update(post) {
    this.post = post;
    const { time, edited, text, replies } = this.#parts;
    this.element.dataset.post = post.id;
    time.dateTime = post.created_at;
    time.textContent = timeOf(post.created_at);
    time.title = fullyOf(post.created_at);
    edited.hidden = !post.edited_at;
    if (post.edited_at) edited.title = fullyOf(post.edited_at);
    if (!find("form", text)) this.#showText();
    replies.hidden = !post.reply_count || !this.#context.open;
    replies.textContent = post.reply_count === 1 ? "1 reply" : `${post.reply_count} replies`;
    this.showAuthor();
    this.#showReactions();
  }

  /** Names change, and people go. */
  showAuthor() {
    const person = this.#context.people.of(this.post.author);
    const { author, face, actions } = this.#parts;
    author.textContent = person?.name ?? "Somebody who left";
    author.classList.toggle("gone", !person);
    face.replaceChildren(avatar(person));
    actions.ariaLabel = `What to do with the post of ${author.textContent}`;
    this.#showActions();
  }

  /** Where it stands among the others: under a new day, or going on after the same author. */
  place(day, continues) {
    this.#parts.day.textContent = day ?? "";
    this.#parts.day.hidden = !day;
    this.element.classList.toggle("continues", continues);
  }

  #showActions() {
    const { me, mayModerate, channel, open, people } = this.#context;
    const isMine = people.of(this.post.author)?.id === me;
    const given = [
      button("React", () => this.#openPalette(), { iconName: "react", className: "plain react" }),
    ];
    const add = (label, iconName, act) =>
      given.push(button(label, act, { iconName, className: "plain" }));
    if (open) add("Reply", "reply", () => open(this.post));
    if (isMine && channel().writable) add("Edit", "edit", () => this.#edit());
    if (isMine || mayModerate()) add("Delete", "delete", () => this.#context.remove(this.post));
    const { actions } = this.#parts;
    if (actions.dataset.given === `${given.map((one) => one.title)}`) return;
    actions.dataset.given = given.map((one) => one.title);
    actions.replaceChildren(...given);
  }

  #showText() {
    if (this.#shownText === this.post.text) return;
    this.#shownText = this.post.text;
    this.#parts.text.replaceChildren(...formatted(this.post.text));
  }

  #showReactions() {
    const focused = this.#parts.reactions.contains(document.activeElement)
      ? document.activeElement.dataset.emoji
      : null;
    const pills = this.post.reactions.map(({ emoji, user_ids: ids }) => {
      const isOn = ids.includes(this.#context.me);
      const names = this.#context.people.namesOf(ids);
      const pill = button("", () => this.#context.react(this.post, emoji, !isOn), {
        className: "pill",
        title: names,
        "aria-pressed": isOn,
        "aria-label": `${emoji} ${ids.length}: ${names}`,
      });
      pill.append(make("span", { className: "emoji" }, emoji), ` ${ids.length}`);
      pill.dataset.emoji = emoji;
      return make("li", {}, pill);
    });
    this.#parts.reactions.replaceChildren(...pills);
    if (focused) find(`[data-emoji="${focused}"]`, this.#parts.reactions)?.focus();
  }

  #openPalette() {
    if (find(".palette", this.#parts.actions)) return this.#closePalette(true);
    const palette = make("div", { className: "palette", role: "group", ariaLabel: "Reactions" });
    for (const emoji of PALETTE) {
      const mine = this.post.reactions.find((reaction) => reaction.emoji === emoji)?.user_ids ?? [];
      const isOn = mine.includes(this.#context.me);
      const react = () => {
        this.#context.react(this.post, emoji, !isOn);
        this.#closePalette(true);
      };
      palette.append(button(emoji, react, { className: "plain emoji", "aria-pressed": isOn }));
    }
    this.#parts.actions.append(palette);
    palette.firstChild.focus();
    palette.addEventListener("focusout", ({ relatedTarget }) => {
      if (!this.#parts.actions.contains(relatedTarget)) this.#closePalette(false);
    });
  }

  #closePalette(focusBack) {
    const palette = find(".palette", this.#parts.actions);
    if (!palette) return;
    palette.classList.remove("palette"); // taking it away moves the focus, which closes it again
    if (focusBack) find(".react", this.#parts.actions)?.focus();
    palette.remove();
  }

  #edit() {
    const { text } = this.#parts;
    if (find("form", text)) return;
    const area = make("textarea", {
      value: this.post.text,
      maxLength: 4000,
      required: true,
      ariaLabel: "Text of the post",
    });
    const save = make("button", { type: "submit", className: "primary" }, "Save");
    const close = () => {
      this.#shownText = null;
      this.#showText();
      find("button", this.#parts.actions)?.focus();
    };
    const form = make(
      "form",
      { className: "editing" },
      area,
      make("p", { className: "verbs" }, save, button("Cancel", close)),
    );
    form.addEventListener("keydown", (pressed) => {
      if (pressed.key === "Escape") close();
      if (pressed.key === "Enter" && !pressed.shiftKey && !pressed.isComposing) {
        pressed.preventDefault();
        form.requestSubmit();
      }
    });
    form.addEventListener("submit", async (submitted) => {
      submitted.preventDefault();
      if (await this.#context.edit(this.post, area.value)) close();
    });
    text.replaceChildren(form);
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  }
}

/** A post that is still on its way. */
export function pendingView(item, me, { retry, discard }) {
  const states = { waiting: "Sending…", sent: "Sent" };
  const state = make(
    "p",
    { className: "delivery" },
    states[item.state] ?? `Not sent: ${item.detail}`,
  );
  if (item.state === "failed") {
    state.classList.add("failed");
    state.append(
      " ",
      button("Try again", () => retry(item), { className: "quiet" }),
      " ",
      button("Discard", () => discard(item), { className: "quiet" }),
    );
  }
  const body = make(
    "div",
    { className: "body" },
    make("p", { className: "meta" }, make("strong", { className: "author" }, me.name)),
    make("div", { className: "text" }, ...formatted(item.text)),
    state,
  );
  return make(
    "li",
    { className: "post" },
    make("article", {}, make("div", { className: "face" }, avatar(me)), body),
  );
}
