/** The open channel: its posts, older pages, writing, and how far they have been read. */

import { ask, askPatiently } from "/static/api.js";
import { Composer } from "/static/composer.js";
import { notify, tried } from "/static/dialogs.js";
import { find } from "/static/dom.js";
import { Following } from "/static/following.js";
import { Here } from "/static/here.js";
import { mentionable } from "/static/mentionable.js";
import { actions } from "/static/post_actions.js";
import { Timeline, keepAtEnd } from "/static/timeline.js";
import { Typing } from "/static/typing.js";

const A_PAGE = 50;
const NEAR_THE_TOP_PX = 400;
const READ_AFTER_MS = 400; // of looking at it
const EVERYTHING = Number.MAX_SAFE_INTEGER; // replies have ids too that the list does not show

/** Tells `left` when it cannot be read any more, `event` for each event. */
export class OpenChannel extends EventTarget {
  channel = null;
  #live;
  #context;
  #channels;
  #timeline = null;
  #following = null;
  #here;
  #typing;
  #composer;
  #readTimer = 0;
  #loadingOlder = null;
  #loaded = null; // a promise: the first page is there
  #isLoaded = null; // keeps it

  constructor(live, channels, context) {
    super();
    this.#live = live;
    this.#channels = channels;
    this.#context = { ...context, ...actions };
    this.#here = new Here(context);
    this.#typing = new Typing(live, context, find("#text"), find("#typing"));
    const { outbox } = context;
    outbox.addEventListener("changed", () => this.#timeline?.showPending());
    this.#composer = new Composer(find("#composer"), {
      within: find("#main"),
      people: (words, signal) => mentionable(words, context, signal),
      send: (channel, text, files) => {
        outbox.add(channel.id, null, text, files);
        if (channel.id === this.channel?.id) this.#timeline.scrollToEnd();
      },
    });
    keepAtEnd(find("#scroller"));
    find("#older").addEventListener("click", () => this.#loadOlder());
    find("#to-newest").addEventListener("click", () => this.#timeline.scrollToEnd());
    find("#scroller").addEventListener("scroll", () => this.#scrolled(), { passive: true });
    for (const kind of ["visibilitychange", "focus"])
      addEventListener(kind, () => this.#maybeRead());
  }

  open(channel) {
    if (channel?.id === this.channel?.id) {
      this.channel = channel;
      return this.#showHead();
    }
    this.#close();
    this.channel = channel;
    this.#showHead();
    this.#composer.open(channel);
    if (!channel) return;
    const elements = {
      list: find("#posts"),
      pending: find("#pending"),
      scroller: find("#scroller"),
    };
    this.#timeline = new Timeline(elements, this.#context);
    this.#loaded = new Promise((resolve) => (this.#isLoaded = resolve));
    find("#scroller").ariaBusy = "true";
    this.#typing.open(channel.id);
    const path = `/channels/${channel.id}/posts?limit=${A_PAGE}`;
    this.#following = new Following(this.#live, {
      fetch: (options) => askPatiently("GET", path, undefined, options),
      show: (list) => this.#show(list),
      event: (event) => this.#apply(event),
      revoked: (_, reason) => this.#leave(reason),
      signal: (signal) => this.#typing.signal(signal),
      presence: (present) => this.#here.show(present),
      failed: (problem) => this.#leave(problem.status === 404 ? "removed" : problem.message),
    });
    this.#timeline.showPending();
  }

  /** Promises the post, shown where it stands; null when it is not there (any more). */
  async reveal(id) {
    const timeline = this.#timeline;
    await this.#loaded;
    const { posts } = timeline;
    while (timeline === this.#timeline && !posts.all.has(id) && posts.older > id)
      if (!(await this.#loadOlder())) return null;
    return timeline === this.#timeline && timeline.reveal(id) ? posts.all.get(id) : null;
  }

  showAuthors() {
    this.#timeline?.showAuthors();
    this.#here.show();
    this.#showHead();
  }

  #close() {
    clearTimeout(this.#readTimer);
    this.#following?.end();
    this.#following = this.#loadingOlder = null;
    this.#timeline?.clear();
    this.#timeline = null;
    this.#typing.close();
    this.#here.show([]);
    for (const id of ["#empty", "#older", "#to-newest"]) find(id).hidden = true;
  }

  #leave(reason) {
    const { name } = this.channel;
    this.open(null);
    this.dispatchEvent(new Event("left"));
    const gone = reason === "deleted" ? "has been deleted" : "is no longer open to you";
    notify(`The channel ${name} ${gone}.`);
  }

  #showHead() {
    const { channel } = this;
    for (const id of ["#channel-head", "#scroller"]) find(id).hidden = !channel;
    find("#composer").hidden = !channel?.writable;
    find("#read-only").hidden = !channel || channel.writable;
    if (!channel) return;
    find("#channel-name").textContent = channel.name;
    find("#channel-description").textContent = channel.description;
    find("#channel-settings").hidden = !this.#context.mayModerate();
    find("#text").placeholder = `Write to ${channel.name}`;
  }

  #show(list) {
    find("#scroller").ariaBusy = "false";
    this.#context.outbox.settleListed(this.channel.id, list.posts);
    this.#timeline.show(list);
    this.#refresh();
    this.#isLoaded();
  }

  #apply(event) {
    if (event.kind === "channel.edited") {
      Object.assign(this.channel, event.data);
      this.#showHead();
    }
    this.#typing.event(event);
    const isNew = this.#timeline.apply(event);
    if (isNew && !this.#timeline.isAtEnd) find("#to-newest").hidden = false;
    this.dispatchEvent(new CustomEvent("event", { detail: event }));
    this.#refresh();
  }

  #refresh() {
    const { posts } = this.#timeline;
    find("#older").hidden = posts.older === null;
    find("#empty").hidden = posts.all.size > 0;
    find("#empty").textContent = this.channel.writable
      ? "Nothing here yet. Write the first post below."
      : "Nothing here yet. Announcements of the moderators will appear here.";
    this.#maybeRead();
  }

  #scrolled() {
    if (!this.#timeline) return;
    if (this.#timeline.isAtEnd) {
      find("#to-newest").hidden = true;
      this.#maybeRead();
    }
    if (find("#scroller").scrollTop < NEAR_THE_TOP_PX) this.#loadOlder();
  }

  /** Whether it was loaded; who asks meanwhile waits for the same page. */
  #loadOlder() {
    if (!this.#timeline || this.#timeline.posts.older === null) return false;
    return (this.#loadingOlder ??= this.#fetchOlder());
  }

  async #fetchOlder() {
    const timeline = this.#timeline;
    const path = `/channels/${this.channel.id}/posts?limit=${A_PAGE}&before=`;
    const fetchPage = (before) => ask("GET", `${path}${before}`);
    const isLoaded = await tried(() => timeline.addOlder(fetchPage));
    if (timeline !== this.#timeline) return false;
    this.#loadingOlder = null;
    this.#refresh();
    return isLoaded;
  }

  /** Whoever looks at the end for a moment has read everything. */
  #maybeRead() {
    clearTimeout(this.#readTimer);
    const isSeen = () => document.visibilityState === "visible" && document.hasFocus();
    const isUnread = () => this.#timeline?.isAtEnd && this.#channels.unreadOf(this.channel.id) > 0;
    if (!isSeen() || !isUnread()) return;
    this.#readTimer = setTimeout(() => isSeen() && isUnread() && this.#read(), READ_AFTER_MS);
  }

  async #read() {
    const { id } = this.channel;
    try {
      const mark = await ask("PUT", `/channels/${id}/read-mark`, { post_id: EVERYTHING });
      this.#channels.readUpTo(id, mark.post_id, { isAll: true });
    } catch {
      this.#readTimer = setTimeout(() => this.#maybeRead(), 10 * READ_AFTER_MS);
    }
  }
}
