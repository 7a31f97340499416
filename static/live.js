/**
 * Follows lists of a Homeroom server live: a plain ES module, usable from any page.
 *
 * Each list of the API says where it stands: `{"epoch": "k3f9", "topics": {"channel:7": 131}}`.
 * Subscribed with that, you get every event behind it, once and in order, come what may:
 *
 *   const live = new Live({ state: (name) => console.log(name) });
 *   live.connect();
 *   const list = await (await fetch("/api/channels/7/posts")).json();
 *   live.subscribe(list.live, { event: apply, refetch: loadAgain, revoked: leave });
 */

const DEAD_AFTER_MS = 60_000; // the server speaks at least every 25 s
const ANSWER_WITHIN_MS = 10_000; // to a new connection, and to our own ping
const [FIRST_RETRY_MS, LONGEST_RETRY_MS] = [500, 30_000]; // doubled with each attempt
const [COMMANDS_AT_ONCE, COMMAND_EVERY_MS] = [25, 40]; // the server takes 60, then 30 a second
const [LOST, SIGNED_OUT, TOO_MANY] = [1006, 4401, 4429];
const HOPELESS = [4400, 4403]; // not the protocol, origin not allowed: coming back cures nothing

/** Any number of lists, followed over one connection. */
export class Live {
  /** @type {"connecting"|"live"|"offline"|"signed out"} */
  state = "offline";

  #url;
  #token;
  #report;
  #socket = null;
  #greeted = false; // the server has welcomed us and takes commands
  #epoch = null;
  #topics = new Map(); // by name: its followers, and what the server was asked for
  #lastId = 0;
  #attempts = 0;
  #retryAfter = null;
  #timers = { retry: 0, dead: 0, pace: 0 };
  /** The network is back, or somebody looks: come back at once, or see whether we still live. */
  #hurry = () => {
    if (document.visibilityState === "hidden") return;
    if (this.#timers.retry) this.#open();
    if (!this.#greeted) return;
    this.#send({ type: "ping" });
    this.#watch(ANSWER_WITHIN_MS);
  };

  /**
   * @param {string|URL} [options.server] where Homeroom is; by default where this file came from
   * @param {string} [options.token] a bearer token; without it the session's cookie signs in
   * @param {(state: string) => void} [options.state] is told each change of `state`
   */
  constructor({ server = import.meta.url, token, state = () => {} } = {}) {
    this.#url = new URL("/api/live", server);
    this.#url.protocol = this.#url.protocol.replace("http", "ws");
    this.#token = token;
    this.#report = state;
  }

  /** Connects and stays connected. After `signed out`: sign in, then call it again. */
  connect(token = this.#token) {
    this.#token = token;
    addEventListener("online", this.#hurry);
    addEventListener("visibilitychange", this.#hurry);
    this.#open();
  }

  /** Stops; what is subscribed is kept for the next `connect`. */
  close() {
    removeEventListener("online", this.#hurry);
    removeEventListener("visibilitychange", this.#hurry);
    this.#hangUp();
    if (this.state !== "signed out") this.#tell("offline");
  }

  /**
   * Follows a list from where it stands.
   * @param {{epoch: string, topics: Object<string, number>}} list the `live` of its answer
   * @param {(event: {topic: string, seq: number, kind: string, data: object, at: string,
   *   by: number|null, tx: string|null}) => void} [handlers.event] what happened, each event once
   * @param {(reason: string, topic: string) => void} [handlers.refetch] events are missing and the
   *   subscription has ended: fetch the list again and subscribe with its new `live`
   * @param {(topic: string, reason: string) => void} [handlers.revoked] you may not read it now
   * @returns {{end: () => void}} `end` stops following
   */
  subscribe(list, handlers) {
    if (this.#enter(list.epoch) && this.#socket) this.#open();
    const followers = [];
    const end = () => {
      for (const one of followers) this.#topics.get(one.name)?.followers.delete(one);
      this.#ask();
    };
    for (const [name, seq] of Object.entries(list.topics)) {
      const follower = { name, seq, handlers, end };
      followers.push(follower);
      const topic = this.#topics.get(name) ?? { followers: new Set(), seq, stale: true, asked: "" };
      topic.followers.add(follower);
      topic.stale ||= seq < topic.seq;
      this.#topics.set(name, topic);
    }
    this.#ask();
    return { end };
  }

  #open() {
    this.#hangUp();
    this.#retryAfter = null;
    this.#tell("connecting");
    const socket = (this.#socket = new WebSocket(this.#url));
    this.#watch(ANSWER_WITHIN_MS);
    socket.onopen = () => this.#hello();
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code);
    socket.onmessage = ({ data }) => {
      for (const message of [JSON.parse(data)].flat()) {
        if (socket !== this.#socket) return;
        this.#watch(DEAD_AFTER_MS);
        this.#take[message.type]?.(message);
      }
    };
  }

  /** Without waiting for an answer: a dead network gives none. */
  #hangUp() {
    for (const name in this.#timers) clearTimeout(this.#timers[name]);
    this.#timers = { retry: 0, dead: 0, pace: 0 };
    this.#greeted = false;
    this.#socket?.close();
    this.#socket = null;
  }

  #lost(code) {
    this.#hangUp();
    if (code === SIGNED_OUT) return this.#tell("signed out");
    this.#tell("offline");
    if (HOPELESS.includes(code)) return;
    if (code === TOO_MANY) this.#attempts = Math.max(this.#attempts, 5);
    const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts++);
    const wait = this.#retryAfter ?? longest * (0.5 + Math.random() / 2);
    this.#timers.retry = setTimeout(() => this.#open(), wait);
  }

  #watch(ms) {
    clearTimeout(this.#timers.dead);
    this.#timers.dead = setTimeout(() => this.#lost(LOST), ms);
  }

  #tell(state) {
    if (this.state !== state) this.#report((this.state = state));
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  /** Signs in and resumes everything in one message. */
  #hello() {
    this.#topics = new Map([...this.#topics].filter(([, topic]) => topic.followers.size));
    const topics = {};
    for (const [name, topic] of this.#topics) topics[name] = this.#positionOf(topic, "hello");
    this.#send({ type: "hello", id: "hello", token: this.#token, epoch: this.#epoch, topics });
  }

  /** Soon tells the server what it does not know yet, no faster than it takes commands. */
  #ask() {
    if (this.#greeted) this.#timers.pace ||= setTimeout(() => this.#sendDue());
  }

  #sendDue() {
    const isDue = ([, topic]) => topic.stale || !topic.followers.size;
    const due = [...this.#topics].filter(isDue).slice(0, COMMANDS_AT_ONCE);
    for (const [name, topic] of due) {
      const id = `${++this.#lastId}`;
      if (topic.followers.size) {
        this.#send({ type: "subscribe", id, topic: name, after: this.#positionOf(topic, id) });
      } else {
        this.#topics.delete(name);
        this.#send({ type: "unsubscribe", id, topic: name });
      }
    }
    const pause = due.length * COMMAND_EVERY_MS;
    this.#timers.pace = pause && setTimeout(() => this.#sendDue(), pause);
  }

  #positionOf(topic, id) {
    const seq = Math.min(...[...topic.followers].map((follower) => follower.seq));
    return Object.assign(topic, { seq, stale: false, asked: id }).seq;
  }

  /** What the server says; a message of another type is ignored. */
  #take = {
    welcome: ({ epoch }) => {
      this.#enter(epoch);
      this.#greeted = true;
      this.#attempts = 0;
      this.#tell("live");
      this.#ask();
    },
    subscribed: ({ topic, id = "hello" }) => {
      if (this.#topics.get(topic)?.asked === id) this.#topics.get(topic).asked = "";
    },
    event: (event) => {
      const topic = this.#topics.get(event.topic);
      if (!topic) return;
      topic.seq = event.seq;
      for (const follower of topic.followers) {
        if (event.seq === follower.seq + 1) {
          follower.seq = event.seq;
          call(follower.handlers.event, event);
        } else if (event.seq > follower.seq && !topic.asked) topic.stale = true;
      }
      if (topic.stale) this.#ask();
    },
    reset: ({ topic, reason }) => {
      for (const { handlers, end } of this.#drop(topic)) {
        end();
        call(handlers.refetch, reason, topic);
      }
    },
    revoked: ({ topic, reason }) => {
      for (const { handlers } of this.#drop(topic)) call(handlers.revoked, topic, reason);
    },
    error: ({ topic, code, id = "hello" }) => {
      if (this.#topics.get(topic)?.asked === id) this.#take.revoked({ topic, reason: code });
    },
    ping: () => this.#send({ type: "pong" }),
    bye: ({ retry_after: s }) => (this.#retryAfter = s === undefined ? null : s * 1000),
  };

  /** Takes a topic out and hands its followers over. */
  #drop(name) {
    const followers = [...(this.#topics.get(name)?.followers ?? [])];
    this.#topics.delete(name);
    return followers;
  }

  /** Numbers of another life of the log mean nothing in this one; whether any are lost. */
  #enter(epoch) {
    const lost = [null, epoch].includes(this.#epoch) ? [] : [...this.#topics.keys()];
    this.#epoch = epoch;
    for (const topic of lost) this.#take.reset({ topic, reason: "epoch" });
    return lost.length > 0;
  }
}

/** A handler that fails must not keep others from their events. */
function call(handler, ...values) {
  try {
    handler?.(...values);
  } catch (error) {
    reportError(error);
  }
}
