/** The open reports of the open group, for those who are responsible for some of them. */

import { askPatiently } from "../api.js";
import { LiveQuery } from "../page/live_query.js";

const MOST = 100; // of which a list begins with the newest

/** Dispatches `changed` with other reports; `count` is how many wait to be settled. */
export class Reports extends EventTarget {
  newest = [];
  count = 0;
  #live;
  #group = null; // null where one reads no reports
  #query = null;

  constructor(live) {
    super();
    this.#live = live;
  }

  open(group) {
    const own = group && group.role !== "member" ? group : null;
    const isSame = own?.id === this.#group?.id && own?.role === this.#group?.role;
    if (isSame) return;
    this.#group = own;
    this.#query?.end();
    this.#query = null;
    this.#show([], 0);
    if (!own) return;
    this.#query = new LiveQuery(this.#live, {
      fetch: (options) => askPatiently("GET", this.#path(false), undefined, options),
      show: ({ reports, open }) => this.#show(reports, open),
      event: ({ kind, data }) => this.#isOurs(kind, data) && this.load(),
    });
  }

  load() {
    return this.#query?.load();
  }

  /** Promises those that were settled in the last 30 days, the newest first. */
  async settled() {
    const { reports } = await askPatiently("GET", this.#path(true));
    return reports;
  }

  /** Who belongs to a channel, and what role somebody has, decides who is responsible. */
  #isOurs(kind, { group_id: groupId = this.#group.id }) {
    return /^(report|channel)\./u.test(kind) && groupId === this.#group.id;
  }

  #path(isSettled) {
    return `/groups/${this.#group.id}/reports?settled=${isSettled}&limit=${MOST}`;
  }

  #show(reports, count) {
    [this.newest, this.count] = [reports, count];
    this.dispatchEvent(new Event("changed"));
  }
}
