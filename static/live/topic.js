/** A topic of a live connection: its followers on the page, how far each is, and who is present. */

export class Topic {
  /** Each is `{ seq, handlers, end }`, and has had every event up to the number `seq`. */
  followers = new Set();
  /** Whether the server has to be asked (again) to continue after the slowest follower. */
  stale = true;
  #name;
  #seq; // how far the server has sent to us
  #head = 0; // where the log was when the server answered
  #asked = ""; // the id of the question that is not answered yet
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

  /** The number after which the server shall continue; the question has the id `id`. */
  ask(id) {
    this.#asked = id;
    this.stale = false;
    return (this.#seq = Math.min(...[...this.followers].map(({ seq }) => seq)));
  }

  /** Whether an answer with this id is the one that it waits for. */
  awaits(id) {
    return this.#asked !== "" && this.#asked === id;
  }

  answered({ seq, present = [] }) {
    this.#asked = "";
    this.#head = seq;
    this.show({ present });
  }

  /** Whether an event from before the connection is still missing. */
  get isBehind() {
    return this.#asked !== "" || this.#seq < this.#head;
  }

  /** Hands an event to each follower once, in order; the server is asked again for missing ones. */
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

  /** Shows all who are present, or who has come and gone. */
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

/** Calls a handler; one that fails must not keep the others from their events. */
export function callHandler(handler, ...values) {
  try {
    handler?.(...values);
  } catch (error) {
    reportError(error);
  }
}
