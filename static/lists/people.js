/** The members of the group: their names for everything on the page, and who is here. */

import { askForAll } from "../api.js";
import { followActs } from "../group/moderation.js";
import { LiveQuery } from "../page/live_query.js";

const MOST = 5000;

/** Dispatches `changed` when names or roles have changed, and `present` when others have come. */
export class People extends EventTarget {
  #live;
  #me;
  #group = null;
  #members = new Map();
  #moderated = new Map(); // by id: what moderators see beside a member
  #gone = new Set();
  #present = new Set(); // ids
  #query = null;

  constructor(live, me) {
    super();
    this.#live = live;
    this.#me = me;
  }

  open(group) {
    const before = this.#group;
    this.#group = group;
    if (group?.id === before?.id) {
      if (group?.role !== before?.role) this.#query.load();
      return;
    }
    this.#query?.end();
    this.#query = null;
    this.#members.clear();
    this.#moderated.clear();
    this.#showPresent([]);
    if (!group) return;
    this.#query = new LiveQuery(this.#live, {
      fetch: (options) => this.#fetch(options),
      show: ({ members, moderated }) => {
        this.#members = byId(members);
        this.#moderated = byId(moderated);
        this.#changed();
      },
      event: (event) => this.#apply(event),
      presence: (present, topic) => topic === `group:${group.id}` && this.#showPresent(present),
    });
  }

  /** Promises the members; moderators first fetch the cursor that tells who is muted. */
  async #fetch(options) {
    const { id, role } = this.#group;
    const acts = role === "member" ? null : await followActs(id, options);
    const path = `/groups/${id}/members`;
    const beside = ["moderated"];
    const list = await askForAll(path, "members", { ...options, beside, most: MOST });
    const topics = { ...list.live.topics, ...acts?.topics };
    return { ...list, live: { ...list.live, topics } };
  }

  /** A person as known now; null for somebody who has deleted the account. */
  of(author) {
    if (!author || this.#gone.has(author.id)) return null;
    return this.#members.get(author.id) ?? author;
  }

  get all() {
    return [...this.#members.values()];
  }

  /** How many of them are here now. */
  get present() {
    return [...this.#present].filter((id) => this.#members.has(id)).length;
  }

  isHere(id) {
    return this.#present.has(id);
  }

  /** The day when a member was last seen, for moderators; null if she never was. */
  lastSeen(id) {
    return this.#moderated.get(id)?.last_seen_on ?? null;
  }

  /** Until when a member is muted, for moderators; null if she is not. */
  mutedUntil(id) {
    const until = this.#moderated.get(id)?.muted_until ?? null;
    return until && new Date(until) > new Date() ? until : null;
  }

  /** "You, Bob, somebody else" */
  namesOf(ids) {
    const known = ids.filter((id) => this.#members.has(id));
    const names = known.map((id) => (id === this.#me.id ? "You" : this.#members.get(id).name));
    const others = ids.length - known.length;
    if (others) names.push(others === 1 ? "somebody else" : `${others} others`);
    return names.join(", ");
  }

  #apply({ kind, data }) {
    if (data.gone) return;
    if (kind === "members.joined") data.members.forEach((member) => this.#members.set(member.id, member));
    else if (kind === "member.joined" || kind === "member.changed") this.#members.set(data.id, data);
    else if (kind === "member.left") this.#members.delete(data.id);
    else if (kind === "member.anonymised") {
      this.#members.delete(data.id);
      this.#gone.add(data.id);
    } else if (kind === "member.muted" || kind === "member.unmuted") {
      const { person_id: id, details } = data;
      this.#moderated.set(id, { ...this.#moderated.get(id), muted_until: details.until ?? null });
    } else return;
    this.#changed();
  }

  #showPresent(present) {
    this.#present = new Set(present.map(({ id }) => id));
    this.dispatchEvent(new Event("present"));
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

function byId(things) {
  return new Map(things.map((thing) => [thing.id, thing]));
}
