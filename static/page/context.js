/** What the parts of the board share: who is signed in, and what is open. */

export class Context {
  /** The open group, as in the list of groups; null while there is none. */
  group = null;
  /** The open channel, as in the list of channels; null while there is none. */
  channel = null;
  /** The pinned posts of the open channel; null until the board has made them. @type {import("../pins.js").Pins} */
  pins = null;

  /**
   * @param {{id: number, username: string, name: string, avatar: string|null}} shared.me
   * @param {import("../live.js").Live} shared.live
   * @param {import("../lists/people.js").People} shared.people
   * @param {import("../outbox.js").Outbox} shared.outbox
   * @param {import("../posts/draft_storage.js").DraftStorage} shared.drafts
   */
  constructor({ me, live, people, outbox, drafts }) {
    Object.assign(this, { me, live, people, outbox, drafts });
  }

  get mayModerate() {
    return this.group !== null && this.group.role !== "member";
  }

  /** Until when you are muted in the open group; null if you are not. */
  get mutedUntil() {
    return this.group?.muted_until ?? null;
  }

  get mayReact() {
    return this.group !== null && !this.group.archived && this.mutedUntil === null;
  }
}
