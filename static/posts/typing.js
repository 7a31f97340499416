/** Who is typing: sent to the others in a channel, and shown for as long as they go on. */

import { find } from "../page/dom.js";
import { listOf } from "../page/format.js";

const TELL_EVERY_MS = 2_500;
const SHOWN_MS = 5_000; // after the last signal
const LATE_MS = 1_000; // a signal may come after the post that was being typed
const SAY_EVERY_MS = 15_000; // to those who use a screen reader
const MANY = 3;

export class Typing {
  #context;
  #shown;
  #said;
  #topic = null;
  #parentId = null;
  #toldAt = 0;
  #saidAt = 0;
  #typing = new Map(); // people by id, each with the timer that ends it
  #posted = new Map(); // times of their last posts, by the person's id

  /**
   * `area` is where you type, `place` where the others are shown.
   * @param {import("../page/context.js").Context} context
   */
  constructor(context, area, place) {
    this.#context = context;
    this.#shown = find(".typing-shown", place);
    this.#said = find("[role=status]", place);
    area.addEventListener("input", () => area.value.trim() && this.#tell());
    area.form.addEventListener("submit", () => (this.#toldAt = 0));
  }

  /** Begins to show who types in a channel, or in the replies to one of its posts. */
  open(channelId, parentId = null) {
    this.close();
    this.#topic = `channel:${channelId}`;
    this.#parentId = parentId;
  }

  close() {
    for (const { timer } of this.#typing.values()) clearTimeout(timer);
    this.#typing.clear();
    this.#posted.clear();
    this.#topic = null;
    this.#toldAt = 0;
    this.#show();
  }

  signal({ name, data, from }) {
    const isHere = name === "typing" && (data?.parent_id ?? null) === this.#parentId;
    const isLate = Date.now() - (this.#posted.get(from.id) ?? 0) < LATE_MS;
    if (!isHere || isLate || from.id === this.#context.me.id) return;
    clearTimeout(this.#typing.get(from.id)?.timer);
    const timer = setTimeout(() => this.#forget(from.id), SHOWN_MS);
    this.#typing.set(from.id, { person: from, timer });
    this.#show();
  }

  event({ kind, data }) {
    const isHere = kind === "post.created" && (data.parent?.id ?? null) === this.#parentId;
    if (!isHere || !data.author) return;
    this.#posted.set(data.author.id, Date.now());
    this.#forget(data.author.id);
  }

  #tell() {
    if (!this.#topic || Date.now() - this.#toldAt < TELL_EVERY_MS) return;
    this.#toldAt = Date.now();
    this.#context.live.signal(this.#topic, "typing", { parent_id: this.#parentId });
  }

  #forget(id) {
    clearTimeout(this.#typing.get(id)?.timer);
    if (this.#typing.delete(id)) this.#show();
  }

  #show() {
    const { people } = this.#context;
    const typing = [...this.#typing.values()].map(({ person }) => people.of(person));
    const names = typing.filter(Boolean).map(({ name }) => name);
    const who = names.length > MANY ? "Several people" : listOf(names);
    const text = who && `${who} ${names.length === 1 ? "is" : "are"} typing`;
    this.#shown.textContent = text;
    const mayBeSaid = text && Date.now() - this.#saidAt > SAY_EVERY_MS;
    if (mayBeSaid) this.#saidAt = Date.now();
    if (mayBeSaid || !text) this.#said.textContent = text;
  }
}
