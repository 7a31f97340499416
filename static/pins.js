/** The pinned posts above the open channel, which can be folded: each leads to its place. */

import { askPatiently } from "./api.js";
import { storageOfBrowser } from "./live/storage.js";
import { addressOfPost } from "./page/address.js";
import { attempt } from "./page/dialogs.js";
import { avatar, button, find, make, replaceRows } from "./page/dom.js";
import { excerptOf, personName } from "./page/format.js";
import { LiveQuery } from "./page/live_query.js";

const FOLDED = "pins folded";

/** Dispatches `changed` when other posts are pinned. */
export class Pins extends EventTarget {
  #context;
  #query = null;
  #posts = new Map(); // by id, the one pinned last first
  #place = find("#pins");

  /** @param {import("./page/context.js").Context} context */
  constructor(context) {
    super();
    this.#context = context;
    const storage = storageOfBrowser();
    this.#place.open = storage.getItem(FOLDED) === null;
    // Before it is folded or unfolded: "toggle" comes later, maybe after the page has been left
    find("summary", this.#place).addEventListener("click", () =>
      keepFolded(storage, this.#place.open),
    );
    context.people.addEventListener("changed", () => this.#show());
  }

  /** Shows the pinned posts of a channel; none with null. */
  open(channel) {
    this.#query?.end();
    this.#query = null;
    this.#replace([]);
    if (!channel) return;
    this.#query = new LiveQuery(this.#context.live, {
      fetch: (options) => askPatiently("GET", `/channels/${channel.id}/pins`, undefined, options),
      show: ({ posts }) => this.#replace(posts),
      event: (event) => this.#apply(event),
    });
  }

  has(id) {
    return this.#posts.has(id);
  }

  #apply({ kind, data }) {
    if (kind === "post.pinned" || kind === "person.changed") this.#query.load();
    else if (!this.#posts.has(data.id) || data.gone) return;
    else if (kind === "post.edited") this.#replace(this.#with(data));
    else if (kind === "post.unpinned" || kind === "post.deleted")
      this.#replace([...this.#posts.values()].filter(({ id }) => id !== data.id));
  }

  #with(changed) {
    return [...this.#posts.values()].map((post) => (post.id === changed.id ? changed : post));
  }

  #replace(posts) {
    this.#posts = new Map(posts.map((post) => [post.id, post]));
    this.#show();
    this.dispatchEvent(new Event("changed"));
  }

  /** Shows them, or the same ones again after names or rights have changed. */
  #show() {
    const count = this.#posts.size;
    this.#place.hidden = !count;
    find("summary", this.#place).textContent =
      count === 1 ? "1 pinned post" : `${count} pinned posts`;
    const rows = [...this.#posts.values()].map((post) => this.#row(post));
    const isFocused = this.#place.contains(document.activeElement);
    replaceRows(find("ul", this.#place), rows);
    if (!isFocused || this.#place.contains(document.activeElement)) return;
    (count ? find("summary", this.#place) : find("#main")).focus({ preventScroll: true });
  }

  #row(post) {
    const { id, channel_id, text, files } = post;
    const { group, channel, people, mayModerate } = this.#context;
    const person = people.of(post.author);
    const said = text.trim() ? excerptOf(text) : files[0].name;
    const name = make("strong", { className: "author" }, personName(person));
    const address = addressOfPost({ group_id: group.id, channel_id, post_id: id, parent_id: null });
    const words = make("span", { className: "name", dir: "auto" }, said);
    const link = make("a", { id: `to-pin-${id}`, href: address }, avatar(person), name, words);
    const unpin = button(`Unpin the post by ${name.textContent}`, () => setPin(post, false), {
      id: `unpin-${id}`,
      iconName: "close",
      className: "plain",
    });
    return make("li", {}, link, mayModerate && channel.writable ? unpin : null);
  }
}

export function setPin({ id }, isPinned) {
  return attempt(() => askPatiently(isPinned ? "PUT" : "DELETE", `/posts/${id}/pin`));
}

function keepFolded(storage, isFolded) {
  try {
    if (isFolded) storage.setItem(FOLDED, "yes");
    else storage.removeItem(FOLDED);
  } catch {
    return; // it lasts as long as the page
  }
}
