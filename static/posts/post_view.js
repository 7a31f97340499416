/** One post on the page; it is updated in place, so that focus and scrolling stay as they are. */

import { confirmed } from "../page/dialogs.js";
import { avatar, button, find, make } from "../page/dom.js";
import { fullyOf, personName, timeOf } from "../page/format.js";
import { onKey } from "../page/keys.js";
import { Editor } from "./editor.js";
import { setPin } from "../pins.js";
import { FilesView } from "./files_view.js";
import { formatted } from "./formatted.js";
import { deleteFile, deletePost, editPost } from "./post_actions.js";
import { Reactions } from "./reactions.js";
import { reportPost } from "./report_dialog.js";

/** The frame of a post, also of one that is not sent yet. */
export function articleOf(face, about, shown) {
  const meta = make("p", { className: "meta" }, ...about);
  return make("article", {}, face, make("div", { className: "body" }, meta, ...shown));
}

export class PostView {
  post = null;
  #context;
  #openReplies;
  #parts;
  #files = new FilesView();
  #reactions;
  #shownText = null;
  #shownBeside = null;
  #editor = null;

  /**
   * @param {import("../page/context.js").Context} context
   * @param {((post: object) => void)|null} openReplies shows its replies; null in a thread
   */
  constructor(post, context, openReplies = null) {
    this.#context = context;
    this.#openReplies = openReplies;
    const parts = {
      day: make("p", { className: "day", hidden: true }),
      face: make("div", { className: "face" }),
      author: make("strong", { className: "author" }),
      time: make("time"),
      edited: make("span", { className: "edited", hidden: true }, "edited"),
      pinned: make("span", { className: "edited", hidden: true }, "pinned"),
      text: make("div", { className: "text", dir: "auto" }),
      replies: button("", () => openReplies(this.post), { className: "quiet replies" }),
      actions: make("div", { className: "actions", role: "group" }),
    };
    this.#parts = parts;
    this.#reactions = new Reactions(parts.actions, context);
    const { face, author, time, edited, pinned, text, replies, actions } = parts;
    const about = [author, " ", time, " ", edited, " ", pinned];
    const shown = [text, this.#files.element, this.#reactions.element, replies];
    const article = articleOf(face, about, shown);
    article.append(actions);
    this.element = make("li", { className: "post" }, parts.day, article);
    onKey(this.element, (key) => key === "Escape" && this.#reactions.closePalette(true));
    actions.addEventListener("focusout", ({ relatedTarget }) => {
      const more = find(".more", actions);
      if (more && !actions.contains(relatedTarget)) more.ariaExpanded = "false";
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
    if (this.#editor) this.#editor.update(post);
    else if (this.#isLeftUnsaved) this.#edit();
    else this.#showText();
    this.#files.show(post.files, this.#isMine ? (file) => this.#removeFile(file) : null);
    replies.hidden = !post.reply_count || !this.#openReplies;
    replies.textContent = post.reply_count === 1 ? "1 reply" : `${post.reply_count} replies`;
    this.#showAuthor();
    this.#reactions.show(post);
    this.#shownBeside = this.#beside;
  }

  /** Shows names, rights and pins as they are now. */
  refresh() {
    if (this.#beside !== this.#shownBeside) this.update(this.post);
  }

  /** What is shown beside the post itself. */
  get #beside() {
    const { people, mayModerate, mayReact, channel } = this.#context;
    const reacted = this.post.reactions.map(({ user_ids: ids }) => people.namesOf(ids));
    const rights = [mayModerate, mayReact, channel?.writable, this.#isLeftUnsaved];
    return JSON.stringify([people.of(this.post.author), reacted, this.#isPinned, rights]);
  }

  /** The author as known now: names change, and people leave. */
  #showAuthor() {
    const person = this.#context.people.of(this.post.author);
    const { author, face, pinned, actions } = this.#parts;
    pinned.hidden = !this.#isPinned;
    author.textContent = personName(person);
    author.classList.toggle("gone", !person);
    const shown = `${person?.name} ${person?.avatar}`;
    if (face.dataset.shown !== shown) face.replaceChildren(avatar(person));
    face.dataset.shown = shown;
    actions.ariaLabel = `Actions for the post by ${author.textContent}`;
    this.#showActions();
  }

  /** Shows its place among the others: under a new day, or continuing the same author's. */
  place(day, continues) {
    if (this.#parts.day.textContent !== (day ?? "")) this.#parts.day.textContent = day ?? "";
    this.#parts.day.hidden = !day;
    this.element.classList.toggle("continues", continues);
  }

  get #isMine() {
    return this.#context.people.of(this.post.author)?.id === this.#context.me.id;
  }

  get #isPinned() {
    return this.#context.pins.has(this.post.id);
  }

  #showActions() {
    const { mayModerate, mayReact, channel } = this.#context;
    const openReplies = this.#openReplies;
    const openPalette = () => this.#reactions.openPalette();
    const given = [moreButton()];
    if (mayReact)
      given.push(button("React", openPalette, { iconName: "react", className: "plain react" }));
    const add = (label, iconName, act) =>
      given.push(button(label, act, { iconName, className: "plain" }));
    if (openReplies) add("Reply", "reply", () => openReplies(this.post));
    if (openReplies && mayModerate && channel.writable) {
      const isPinned = this.#isPinned;
      add(isPinned ? "Unpin" : "Pin", "pin", () => setPin(this.post, !isPinned));
    }
    if (this.#isMine && channel.writable) add("Edit", "edit", () => this.#edit().focus());
    if (!this.#isMine) add("Report", "flag", () => reportPost(this.post, this.#context));
    if (this.#isMine || mayModerate) add("Delete", "delete", () => deletePost(this.post));
    const { actions } = this.#parts;
    if (actions.dataset.given === `${given.map((one) => one.title)}`) return;
    actions.dataset.given = given.map((one) => one.title);
    const focused = [...actions.children].indexOf(document.activeElement);
    actions.replaceChildren(...given);
    actions.children[focused]?.focus({ preventScroll: true });
  }

  /** Deletes a file, or the whole post if nothing else would be left of it. */
  #removeFile(file) {
    const { text, files } = this.post;
    if (text || files.length > 1) deleteFile(file);
    else deletePost(this.post);
  }

  #showText() {
    if (this.#shownText === this.post.text) return;
    this.#shownText = this.post.text;
    this.#parts.text.replaceChildren(...formatted(this.post.text, this.#context.me.username));
  }

  /** Removes the post; offers to send what was being written in its editor, which is kept otherwise. */
  async remove() {
    this.element.remove();
    const { channel_id: channelId, parent } = this.post;
    if (!this.#editor) return;
    const { changed } = this.#editor;
    const title = "This post was deleted while you were editing it";
    if (changed && !(await confirmed(title, changed, "Post it again"))) return;
    if (changed) this.#context.outbox.add(channelId, parent?.id ?? null, changed);
    this.#context.drafts.discard(this.#placeOfEdit);
  }

  get #placeOfEdit() {
    return { channelId: this.post.channel_id, kind: "edit", postId: this.post.id };
  }

  /** Whether somebody has begun to edit it, and nobody can see that on the page any more. */
  get #isLeftUnsaved() {
    const { drafts, channel } = this.#context;
    const [place, mayEdit] = [this.#placeOfEdit, this.#isMine && channel?.writable];
    return mayEdit && drafts.has(place) && !drafts.isShown(place);
  }

  #edit() {
    const { text: element } = this.#parts;
    this.#editor ??= new Editor(element, this.#placeOfEdit, this.post, this.#context, {
      save: (text) => editPost(this.post, text),
      done: () => {
        const isLeft = !element.contains(document.activeElement);
        this.#editor = null;
        this.#shownText = null;
        this.#showText();
        if (!isLeft) find(".react", this.#parts.actions).focus();
      },
    });
    return this.#editor;
  }
}

/** The button that shows the other buttons where nothing can hover. */
function moreButton() {
  const toggle = () => (more.ariaExpanded = `${more.ariaExpanded !== "true"}`);
  const properties = { iconName: "more", className: "plain more", ariaExpanded: "false" };
  const more = button("More", toggle, properties);
  return more;
}
