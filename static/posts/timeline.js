/** Posts on the page: those of a channel or the replies to one of them, newest at the bottom. */

import { dayOf } from "../page/format.js";
import { pendingView } from "./pending_view.js";
import { PostView } from "./post_view.js";
import { Posts } from "./posts.js";

const TOGETHER_MS = 5 * 60_000; // posts by one author within this time share one heading
const AT_THE_END_PX = 48;
const MARKED_MS = 3_000;

export class Timeline {
  posts;
  #parentId;
  #list;
  #pending;
  #scroller;
  #context;
  #openReplies;
  #views = new Map();

  /**
   * Replies have a `parentId`; the posts of a channel have `openReplies(post)`.
   * @param {{list: Element, pending: Element, scroller: Element}} elements
   * @param {import("../page/context.js").Context} context
   */
  constructor({ list, pending, scroller }, context, { parentId = null, openReplies = null }) {
    this.posts = new Posts(parentId);
    this.#parentId = parentId;
    this.#list = list;
    this.#pending = pending;
    this.#scroller = scroller;
    this.#context = context;
    this.#openReplies = openReplies;
    this.clear();
  }

  clear() {
    this.posts.cancel();
    this.posts.all.clear();
    this.#views.clear();
    this.#list.replaceChildren();
    this.#pending.replaceChildren();
  }

  /** Shows a list that was fetched. */
  show(list) {
    const goesToEnd = !this.#views.size || this.posts.newer !== null || this.isAtEnd;
    this.posts.replace(list);
    this.#renderAll();
    this.showPending();
    if (goesToEnd) this.scrollToEnd();
  }

  /** Applies an event; whether it brought something new to the end. */
  apply(event) {
    const wasAtEnd = this.isAtEnd;
    const newestBefore = this.posts.newestId;
    for (const id of this.posts.apply(event)) this.#renderOne(id);
    this.#arrange();
    this.#context.outbox.settle(event);
    if (wasAtEnd) this.scrollToEnd();
    return (this.posts.newestId ?? 0) > (newestBefore ?? 0);
  }

  /** Adds the next page, `older` or `newer`; what is on the screen stays where it is. */
  async extend(direction, fetchPage) {
    await this.posts.extend(direction, fetchPage);
    const fromEnd = this.#scroller.scrollHeight - this.#scroller.scrollTop;
    this.#renderAll();
    if (direction === "older") this.#scroller.scrollTop = this.#scroller.scrollHeight - fromEnd;
  }

  /** Shows the posts around one of them instead, if it exists. */
  async moveTo(id, fetchPage) {
    await this.posts.moveTo(id, fetchPage);
    this.#renderAll();
  }

  /** Shows each post in line with names and rights, when those have changed. */
  showAuthors() {
    for (const view of this.#views.values()) view.refresh();
  }

  showPending() {
    const { outbox, channel } = this.#context;
    const wasAtEnd = this.isAtEnd;
    const waiting = outbox.of(channel.id, this.#parentId);
    if (this.#pending.contains(document.activeElement)) this.#scroller.focus();
    this.#pending.replaceChildren(...waiting.map((item) => pendingView(item, this.#context)));
    if (wasAtEnd) this.scrollToEnd();
  }

  /** Whether the newest post of all is in view. */
  get isAtEnd() {
    return this.posts.newer === null && isAtEnd(this.#scroller);
  }

  scrollToEnd() {
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Scrolls to a post and marks it; whether it is here. */
  reveal(id) {
    const view = this.#views.get(id);
    if (view) reveal(view.element);
    return Boolean(view);
  }

  #renderAll() {
    this.#list.ariaBusy = "true";
    for (const id of [...this.#views.keys()]) if (!this.posts.all.has(id)) this.#renderOne(id);
    for (const id of this.posts.all.keys()) this.#renderOne(id);
    this.#arrange();
    this.#list.ariaBusy = "false";
  }

  #renderOne(id) {
    const post = this.posts.all.get(id);
    const view = this.#views.get(id);
    if (!post) {
      if (view?.element.contains(document.activeElement)) this.#scroller.focus();
      if (this.posts.isBeyond(id)) view?.element.remove();
      else view?.remove();
      this.#views.delete(id);
    } else if (!view) this.#views.set(id, new PostView(post, this.#context, this.#openReplies));
    else if (view.post !== post) view.update(post);
  }

  /** Puts all posts in order, under their day, those by one author within minutes together. */
  #arrange() {
    let [before, dayBefore] = [null, null];
    let place = this.#list.firstElementChild;
    for (const post of this.posts.all.values()) {
      const view = this.#views.get(post.id);
      if (view.element === place) place = place.nextElementSibling;
      else this.#list.insertBefore(view.element, place);
      const day = dayOf(post.created_at);
      view.place(day === dayBefore ? null : day, day === dayBefore && isTogether(before, post));
      [before, dayBefore] = [post, day];
    }
  }
}

function isTogether(before, post) {
  const since = new Date(post.created_at) - new Date(before.created_at);
  return before.author?.id === post.author?.id && since < TOGETHER_MS;
}

function isAtEnd({ scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight < AT_THE_END_PX;
}

/** Scrolls to an element, focuses it, and marks it for a moment. */
function reveal(element) {
  element.scrollIntoView({ block: "center" });
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.classList.remove("found");
  void element.offsetWidth; // or the animation would not start again
  element.classList.add("found");
  setTimeout(() => element.classList.remove("found"), MARKED_MS);
}

/** Keeps the end in view when there is less room. */
export function keepAtEnd(scroller) {
  let stays = true;
  scroller.addEventListener("scroll", () => (stays = isAtEnd(scroller)), { passive: true });
  new ResizeObserver(() => {
    if (stays) scroller.scrollTop = scroller.scrollHeight;
  }).observe(scroller);
}
