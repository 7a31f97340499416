/** One topic of a live connection: who follows it on the page and how far, and who is present. */

export class Topic {
  /** Each `{ seq, handlers, end }`: has had everything up to the number `seq`. */
  followers = new Set();
  /** Whether the server must be asked (again) to go on behind the slowest follower. */
  stale = true;
  #name;
  #seq; // where the server is with us
  #head = 0; // where the log was when the server answered
  #asked = ""; // the id of the question that it has not answered yet
  #present = null; // people by id, once the server has told

  constructor(name, seq) {
    this.#name = name;
    this.#seq = seq;
  }

  add(follower) {
    this.followers.add(follower);
    this.stale ||= follower.seq < this.#seq;
    if (this.#present) queueMicrotask(() => this.#tellPresent([follower]));
  }

  /** The number behind which the server shall go on; the question has the id `id`. */
  ask(id) {
    this.#asked = id;
    this.stale = false;
    return (this.#seq = Math.min(...[...this.followers].map(({ seq }) => seq)));
  }

  /** Whether an answer with this id is the one that is waited for. */
  awaits(id) {
    return this.#asked !== "" && this.#asked === id;
  }

  answered({ seq, present = [] }) {
    this.#asked = "";
    this.#head = seq;
    this.show({ present });
  }

  /** Whether something is missing of what had happened before the connection was made. */
  get isBehind() {
    return this.#asked !== "" || this.#seq < this.#head;
  }

  /** To each follower once, in order; one who misses something has the server asked again. */
  take(event) {
    this.#seq = event.seq;
    for (const follower of this.followers) {
      if (event.seq === follower.seq + 1) {
        follower.seq = event.seq;
        callHandler(follower.handlers.event, event);
      } else if (event.seq > follower.seq && this.#asked === "") this.stale = true;
    }
  }

  signal(message) {
    for (const { handlers } of this.followers) callHandler(handlers.signal, message);
  }

  /** All who are present, or who has come and who has gone. */
  show({ present, joined = [], left = [] }) {
    if (present) this.#present = new Map();
    this.#present ??= new Map();
    for (const person of [...(present ?? []), ...joined]) this.#present.set(person.id, person);
    for (const id of left) this.#present.delete(id);
    this.#tellPresent(this.followers);
  }

  #tellPresent(followers) {
    const people = [...this.#present.values()];
    for (const { handlers } of followers) callHandler(handlers.presence, people, this.#name);
  }
}

/** A handler that fails must not keep others from their events. */
export function callHandler(handler, ...values) {
  try {
    handler?.(...values);
  } catch (error) {
    reportError(error);
  }
}
