/** The thread: a post and its replies, beside the channel. */

import { askForAll, askPatiently } from "./api.js";
import { notify } from "./page/dialogs.js";
import { find } from "./page/dom.js";
import { onKey } from "./page/keys.js";
import { Layer } from "./page/layers.js";
import { LiveQuery } from "./page/live_query.js";
import { Composer } from "./posts/composer.js";
import { PostView } from "./posts/post_view.js";
import { Posts } from "./posts/posts.js";
import { whyReadOnly } from "./posts/read_only.js";
import { Timeline, keepAtEnd } from "./posts/timeline.js";
import { Typing } from "./posts/typing.js";

export class Thread {
  #context;
  #post = null;
  #channelId = null;
  #posts = new Posts(); // the parent alone
  #parent = null; // the view of the parent
  #replies = null;
  #query = null;
  #typing;
  #composer;
  #cameFrom = null;
  #layer = new Layer(() => this.close());
  #sought = null; // the id of a reply that is shown as soon as it is there

  /** @param {import("./page/context.js").Context} context */
  constructor(context) {
    this.#context = context;
    this.#typing = new Typing(context, find("#reply-text"), find("#thread-typing"));
    context.outbox.addEventListener("changed", () => this.#replies?.showPending());
    this.#composer = new Composer(find("#reply-composer"), context, {
      within: find("#thread"),
      send: ({ channelId, postId }, text, files) => {
        context.outbox.add(channelId, postId, text, files);
        if (postId === this.postId) this.#replies.scrollToEnd();
      },
    });
    keepAtEnd(find("#thread-scroller"));
    find("#close-thread").addEventListener("click", () => this.close());
    onKey(find("#thread"), (key, { target }) => {
      const isElsewhere = target.closest("form") || find(".palette", find("#thread"));
      if (key === "Escape" && (!isElsewhere || target.id === "reply-text")) this.close();
    });
  }

  open(post, soughtId = null) {
    this.#end();
    this.#sought = soughtId;
    this.#cameFrom = document.activeElement;
    this.#post = post;
    this.#channelId = post.channel_id;
    this.#parent = new PostView(post, this.#context);
    find("#thread-parent").replaceChildren(this.#parent.element);
    const elements = {
      list: find("#replies"),
      pending: find("#thread-pending"),
      scroller: find("#thread-scroller"),
    };
    this.#replies = new Timeline(elements, this.#context, { parentId: post.id });
    this.#layer.isOpen = true;
    find("#thread").hidden = false;
    find("#board").classList.add("with-thread");
    this.#showComposer();
    this.#typing.open(this.#channelId, post.id);
    this.#query = new LiveQuery(this.#context.live, {
      fetch: (options) => this.#fetch(options),
      show: (list) => this.#show(list),
      event: (event) => this.#apply(event),
      signal: (signal) => this.#typing.signal(signal),
      failed: (problem) => problem.status === 404 && this.#isGone(),
    });
    this.#composer.open({ channelId: this.#channelId, kind: "reply", postId: post.id });
    find(this.#context.channel.writable ? "#reply-text" : "#close-thread").focus();
  }

  /** The id of the parent; null while the thread is closed. */
  get postId() {
    return this.#post?.id ?? null;
  }

  close() {
    if (!this.#post) return;
    this.#end();
    this.#layer.isOpen = false;
    find("#thread").hidden = true;
    find("#board").classList.remove("with-thread");
    (this.#cameFrom.isConnected ? this.#cameFrom : find("#scroller")).focus();
  }

  showAuthors() {
    this.#parent?.refresh();
    this.#replies?.showAuthors();
    if (this.#post) this.#showComposer();
  }

  #showComposer() {
    const { channel } = this.#context;
    find("#reply-composer").hidden = !channel?.writable;
    find("#thread-read-only").hidden = !channel || channel.writable;
    if (channel) find("#thread-read-only").textContent = whyReadOnly(this.#context);
  }

  #end() {
    this.#query?.end();
    this.#typing.close();
    this.#composer.open(null);
    this.#parent?.element.remove();
    this.#replies?.clear();
    this.#post = this.#parent = this.#replies = this.#query = null;
  }

  /** Fetches the replies before the post, so that their cursor misses no event of it. */
  async #fetch(options) {
    const { id } = this.#post;
    const replies = await askForAll(`/posts/${id}/replies`, "posts", options);
    const parent = await askPatiently("GET", `/posts/${id}`, undefined, options);
    return { ...replies, parent };
  }

  #show(list) {
    this.#context.outbox.settleListed(this.#channelId, list.posts, this.#post.id);
    this.#posts.replace({ posts: [list.parent], next: null });
    this.#parent.update(list.parent);
    this.#replies.show(list);
    this.#refresh();
    if (this.#sought && !this.#replies.reveal(this.#sought))
      notify("That reply is no longer there.");
    this.#sought = null;
  }

  #apply(event) {
    const isAbout = event.data.id === this.#post.id;
    if (isAbout && event.kind === "post.deleted") return this.#isGone();
    if (isAbout || event.kind === "person.changed") this.#showParent(event);
    this.#typing.event(event);
    this.#replies.apply(event);
    this.#refresh();
  }

  #showParent(event) {
    for (const id of this.#posts.apply(event)) this.#parent.update(this.#posts.all.get(id));
  }

  #refresh() {
    const count = this.#replies.posts.all.size;
    find("#thread-empty").hidden = count > 0;
    find("#thread-title").textContent =
      count === 1 ? "1 reply" : count ? `${count} replies` : "Replies";
  }

  #isGone() {
    this.close();
    notify("That post has been deleted.");
  }
}
