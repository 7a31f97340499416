/** What those who moderate the open group follow: who waits to be let in, and what is done there. */

import { askForAll, askPatiently } from "../api.js";
import { LiveQuery } from "../page/live_query.js";

/** Dispatches `changed` with who waits. */
export class Moderation extends EventTarget {
  #live;
  #groupId = null; // null unless it is moderated
  #query = null;
  #waiting = new Map(); // by id

  constructor(live) {
    super();
    this.#live = live;
  }

  /** Those who wait, the first of them first. */
  get waiting() {
    return [...this.#waiting.values()];
  }

  /** @param {object|null} group as in the list of groups */
  open(group) {
    const id = group && group.role !== "member" ? group.id : null;
    if (id === this.#groupId) return;
    this.#groupId = id;
    this.#query?.end();
    this.#query = null;
    this.#waiting.clear();
    this.dispatchEvent(new Event("changed"));
    if (!id) return;
    const path = `/groups/${id}/applications`;
    this.#query = new LiveQuery(this.#live, {
      fetch: (options) => askForAll(path, "applications", options),
      show: ({ applications }) => {
        this.#waiting = new Map(applications.map((one) => [one.id, one]));
        this.dispatchEvent(new Event("changed"));
      },
      event: (event) => this.#apply(event),
    });
  }

  #apply(event) {
    const { kind, data } = event;
    if (data.gone) return;
    if (kind === "application.made") this.#waiting.set(data.id, data);
    else if (kind === "application.withdrawn") this.#waiting.delete(data.id);
    else if (!this.#waiting.has(isAct(event) ? data.person_id : data.id)) return;
    else return this.#query.load();
    this.dispatchEvent(new Event("changed"));
  }
}

/** Promises a cursor to follow the acts from. Fetch it before what they change. */
export async function followActs(groupId, options) {
  const path = `/groups/${groupId}/acts?limit=1`;
  return (await askPatiently("GET", path, undefined, options)).live;
}

/** Whether an event tells of an act, which stands in the record of the group. */
export function isAct({ data }) {
  return data.via !== undefined;
}
