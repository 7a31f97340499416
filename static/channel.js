/** The open channel: some of its posts in a row, the composer, and what has been read. */

import { ask, askPatiently } from "./api.js";
import { Presence } from "./lists/presence.js";
import { attempt, notify } from "./page/dialogs.js";
import { button, find, make } from "./page/dom.js";
import { LiveQuery } from "./page/live_query.js";
import { Composer } from "./posts/composer.js";
import { whyReadOnly } from "./posts/read_only.js";
import { showSlowMode } from "./posts/slow_mode.js";
import { Timeline, keepAtEnd } from "./posts/timeline.js";
import { Typing } from "./posts/typing.js";

const A_PAGE = 50;
const NEAR_PX = 400; // from an end of what is loaded
const READ_AFTER_MS = 400; // of looking at the end
const BEHIND = { older: "before", newer: "after" };
const EVERYTHING = Number.MAX_SAFE_INTEGER; // replies, which are not in the list, have higher ids

/** Dispatches `left` when it can no longer be read, and `replies` with the post that was chosen. */
export class OpenChannel extends EventTarget {
  #context;
  #channels;
  #timeline = null;
  #query = null;
  #presence;
  #typing;
  #composer;
  #readTimer = 0;
  #loading = null; // a promise, replaced by that of a later wish
  #sought = null; // the id of the post that is to be revealed

  /**
   * @param {import("./page/context.js").Context} context whose `channel` is opened here
   * @param {import("./lists/channels.js").Channels} channels count what is unread
   */
  constructor(context, channels) {
    super();
    this.#context = context;
    this.#channels = channels;
    this.#presence = new Presence(context);
    this.#typing = new Typing(context, find("#text"), find("#typing"));
    const { outbox } = context;
    outbox.addEventListener("changed", () => this.#timeline?.showPending());
    context.pins.addEventListener("changed", () => this.#timeline?.showAuthors());
    context.people.addEventListener("changed", () => context.channel && this.#showEmpty());
    this.#composer = new Composer(find("#composer"), context, {
      within: find("#main"),
      send: ({ channelId }, text, files) => {
        outbox.add(channelId, null, text, files);
        if (channelId === context.channel?.id) this.#toNewest();
      },
    });
    this.#listen();
  }

  #listen() {
    keepAtEnd(find("#scroller"));
    for (const direction of ["older", "newer"])
      find(`#${direction}`).addEventListener("click", () => this.#extend(direction));
    find("#to-newest").addEventListener("click", () => this.#toNewest());
    find("#scroller").addEventListener("scroll", () => this.#scrolled(), { passive: true });
    for (const kind of ["visibilitychange", "focus"])
      addEventListener(kind, () => this.#maybeRead());
  }

  open(channel) {
    const isOpen = channel?.id === this.#context.channel?.id;
    if (!isOpen) this.#close();
    this.#context.channel = channel;
    if (isOpen) return this.#showHead();
    this.#context.pins.open(channel);
    this.#showHead();
    this.#composer.open(channel && { channelId: channel.id, kind: "post" });
    if (!channel) return;
    const elements = {
      list: find("#posts"),
      pending: find("#pending"),
      scroller: find("#scroller"),
    };
    const openReplies = (post) =>
      this.dispatchEvent(new CustomEvent("replies", { detail: post }));
    this.#timeline = new Timeline(elements, this.#context, { openReplies });
    find("#scroller").ariaBusy = "true";
    this.#typing.open(channel.id);
    const path = `/channels/${channel.id}/posts?limit=${A_PAGE}`;
    this.#query = new LiveQuery(this.#context.live, {
      fetch: (options) => askPatiently("GET", path, undefined, options),
      show: (list) => this.#show(list),
      event: (event) => this.#apply(event),
      revoked: (_, reason) => this.#leave(reason),
      signal: (signal) => this.#typing.signal(signal),
      presence: (present) => this.#presence.show(present),
      failed: (problem) => this.#leave(problem.status === 404 ? "removed" : problem.message),
    });
    this.#timeline.showPending();
  }

  /**
   * Promises the post, shown in its place; null if it is not there (any more), undefined if it
   * could not be loaded, or something else was wanted meanwhile.
   */
  async reveal(id) {
    this.#sought = id;
    await this.#query.loaded;
    if (this.#sought !== id) return undefined;
    this.#stopLoading();
    const timeline = this.#timeline;
    const isKnown =
      timeline.posts.all.has(id) ||
      (await this.#load(() => timeline.moveTo(id, this.#fetchPage)));
    if (this.#sought !== id || !isKnown) return undefined;
    return timeline.reveal(id) ? timeline.posts.all.get(id) : null;
  }

  showAuthors() {
    this.#timeline?.showAuthors();
    this.#presence.show();
    this.#showHead();
  }

  #close() {
    clearTimeout(this.#readTimer);
    this.#query?.end();
    this.#query = this.#loading = this.#sought = null;
    this.#timeline?.clear();
    this.#timeline = null;
    this.#typing.close();
    this.#presence.show([]);
    for (const id of ["#empty", "#older", "#newer", "#to-newest"]) find(id).hidden = true;
  }

  #leave(reason) {
    const { name } = this.#context.channel;
    this.open(null);
    this.dispatchEvent(new Event("left"));
    const gone = reason === "deleted" ? "has been deleted" : "is no longer open to you";
    notify(`The channel ${name} ${gone}.`);
  }

  #showHead() {
    const { channel, mayModerate } = this.#context;
    for (const id of ["#channel-head", "#scroller"]) find(id).hidden = !channel;
    find("#composer").hidden = !channel?.writable;
    find("#read-only").hidden = !channel || channel.writable;
    if (!channel) return;
    this.#showEmpty();
    find("#read-only").textContent = whyReadOnly(this.#context);
    find("#channel-name").textContent = channel.name;
    find("#channel-description").textContent = channel.description;
    find("#channel-settings").hidden = !mayModerate;
    find("#open-scores").hidden = !channel.has_scores;
    find("#text").placeholder = `Write to ${channel.name}`;
    showSlowMode(this.#context);
  }

  #show(list) {
    this.#stopLoading();
    this.#context.outbox.settleListed(this.#context.channel.id, list.posts);
    this.#timeline.show(list);
    this.#channels.refresh(this.#context.channel.id);
    this.#refresh();
  }

  #apply(event) {
    if (event.kind === "channel.edited") {
      Object.assign(this.#context.channel, event.data);
      this.#context.outbox.hurry();
      this.#showHead();
    }
    if (event.kind === "score.set" && !this.#context.channel.has_scores) {
      this.#context.channel.has_scores = true;
      this.#showHead();
    }
    if (event.kind === "channel.entered") this.#tellEntered(event.data);
    if (event.kind === "post.created") this.#channels.count(this.#context.channel.id, event.data);
    this.#typing.event(event);
    const isNew = this.#timeline.apply(event);
    if (isNew && !this.#timeline.isAtEnd) find("#to-newest").hidden = false;
    this.#refresh();
  }

  #tellEntered({ user_id: id }) {
    notify(`${this.#context.people.of({ id })?.name ?? "Somebody"} has entered this channel, as an owner of the group.`);
  }

  #refresh() {
    const { posts } = this.#timeline;
    this.#context.drafts.changed();
    for (const direction of ["older", "newer"])
      find(`#${direction}`).hidden = posts[direction] === null;
    if (posts.newer !== null) find("#to-newest").hidden = false;
    find("#empty").hidden = posts.all.size > 0;
    this.#showEmpty();
    this.#maybeRead();
  }

  #showEmpty() {
    const { channel, people, mayModerate } = this.#context;
    const { writable, kind } = channel;
    const announcements = "Announcements from the moderators will appear here.";
    const hint = kind === "announce" ? announcements : "";
    const said = `Nothing here yet. ${writable ? "Write the first post below." : hint}`.trim();
    const isAlone = writable && mayModerate && people.all.length === 1;
    const invite = () => find("#members").click();
    const verbs = isAlone ? [button("Invite others", invite, { className: "primary" })] : [];
    find("#empty").replaceChildren(make("span", {}, said), ...verbs);
  }

  #scrolled() {
    if (!this.#timeline) return;
    if (this.#timeline.isAtEnd) {
      find("#to-newest").hidden = true;
      this.#maybeRead();
    }
    const { scrollTop, scrollHeight, clientHeight } = find("#scroller");
    if (scrollTop < NEAR_PX) this.#extend("older");
    else if (scrollHeight - scrollTop - clientHeight < NEAR_PX) this.#extend("newer");
  }

  #extend(direction) {
    if (this.#loading || this.#timeline.posts[direction] === null) return;
    this.#load(() => this.#timeline.extend(direction, this.#fetchPage));
  }

  #toNewest() {
    this.#sought = null;
    this.#stopLoading();
    this.#timeline.scrollToEnd();
    if (this.#timeline.posts.newer === null) return;
    find("#scroller").ariaBusy = "true";
    this.#loading = this.#query.load();
  }

  /** Promises whether the posts were loaded and nothing else was wanted meanwhile. */
  async #load(loadPosts) {
    const loading = (this.#loading = attempt(loadPosts));
    find("#scroller").ariaBusy = "true";
    const isDone = await loading;
    if (loading !== this.#loading) return false;
    this.#stopLoading();
    this.#refresh();
    return isDone;
  }

  #stopLoading() {
    this.#loading = null;
    this.#timeline.posts.cancel();
    find("#scroller").ariaBusy = "false";
  }

  #fetchPage = (direction, id) => {
    const query = `limit=${A_PAGE}&${BEHIND[direction]}=${id}`;
    return ask("GET", `/channels/${this.#context.channel.id}/posts?${query}`);
  };

  /** Marks everything as read when somebody has looked at the end for a moment. */
  #maybeRead() {
    clearTimeout(this.#readTimer);
    const isSeen = () => document.visibilityState === "visible" && document.hasFocus();
    const unread = () => this.#channels.unreadOf(this.#context.channel.id);
    const isUnread = () => this.#timeline?.isAtEnd && unread() > 0;
    if (!isSeen() || !isUnread()) return;
    this.#readTimer = setTimeout(() => isSeen() && isUnread() && this.#read(), READ_AFTER_MS);
  }

  async #read() {
    const { id } = this.#context.channel;
    try {
      const mark = await ask("PUT", `/channels/${id}/read-mark`, { post_id: EVERYTHING });
      this.#channels.readUpTo(id, mark.post_id);
    } catch {
      this.#readTimer = setTimeout(() => this.#maybeRead(), 10 * READ_AFTER_MS);
    }
  }
}
