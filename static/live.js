/**
 * Follows the lists of a Homeroom server live: a plain ES module for any page. A copy of it needs
 * the folder `live/` beside it.
 *
 * Each list of the API has a cursor as `live`: `{"epoch": "k3f9", "topics": {"channel:7": 131}}`.
 * Subscribe with it, and you get every event after it, once and in order, come what may:
 *
 *   const live = new Live({ state: (name) => console.log(name) });
 *   live.connect();
 *   const list = await (await fetch("/api/channels/7/posts")).json();
 *   live.subscribe(list.live, { event: apply, refetch: loadAgain, revoked: leave });
 *
 * Follow what is open, a hundred topics at most, and `watch` for what is new anywhere else.
 *
 * It connects by WebSocket. If two in a row are never welcomed but HTTP works, it uses Server-Sent
 * Events instead, and tries a WebSocket again with every third connection. All is the same then,
 * except that `signal` sends nothing.
 */

import { Connection } from "./live/connection.js";
import { Topic, callHandler } from "./live/topic.js";

const [COMMANDS_AT_ONCE, COMMAND_EVERY_MS] = [25, 40]; // the server takes 60, then 30 a second
const RECONNECT_EVERY_MS = 300; // by a stream, each time with a new request

/** Any number of lists, followed over one connection. */
export class Live {
  /**
   * `live`: connected, and what was missed meanwhile is here.
   * @type {"connecting"|"live"|"offline"|"signed out"}
   */
  state = "offline";

  #token;
  #user;
  #report;
  #connection;
  #epoch = null;
  #topics = new Map(); // by name
  #watchers = new Set();
  #lastId = 0;
  #pace = 0;

  /**
   * @param {string|URL} [options.server] where Homeroom is; by default where this file came from
   * @param {string} [options.token] a bearer token; without it the session's cookie signs in
   * @param {number} [options.user] the id of whose page this is: it is `signed out` when somebody
   *   else has signed in in another tab
   * @param {(state: string) => void} [options.state] is told each change of `state`
   */
  constructor({ server = import.meta.url, token, user, state = () => {} } = {}) {
    this.#token = token;
    this.#user = user;
    this.#report = state;
    this.#connection = new Connection(new URL("/api/live", server), {
      hello: () => this.#hello(),
      heard: (message) => this.#take[message.type]?.(message),
      state: (name) => this.#tell(name),
    });
  }

  /** Connects and stays connected. After `signed out`: sign in, then call it again. */
  connect(token = this.#token) {
    this.#token = token;
    this.#connection.open();
  }

  /** Disconnects; subscriptions are kept for the next `connect`. */
  close() {
    this.#connection.close();
    if (this.state !== "signed out") this.#tell("offline");
  }

  /** Continues with another bearer token of the same user, without a break. */
  renew(token) {
    this.#token = token;
    if (this.#connection.takesCommands) this.#send({ type: "token", id: this.#newId(), token });
    else if (this.#connection.isGreeted) this.#connection.reconnect();
  }

  /**
   * Shows something to the others who follow the topic now ("typing"); best effort, never stored.
   * @param {*} [data] at most 1 KiB of JSON
   * @returns {boolean} whether it was sent
   */
  signal(topic, name, data = null) {
    return this.#connection.takesCommands && this.#send({ type: "signal", topic, name, data });
  }

  /**
   * Follows a list from its cursor on.
   * @param {{epoch: string, topics: Object<string, number>}} list the `live` of its answer
   * @param {(event: {topic: string, seq: number, kind: string, data: object, at: string,
   *   by: number|null, tx: string|null}) => void} [handlers.event] what happened, each event once
   * @param {(reason: string, topic: string) => void} [handlers.refetch] events are missing and the
   *   subscription has ended: fetch the list again and subscribe with its new `live`
   * @param {(topic: string, reason: string) => void} [handlers.revoked] you may no longer read it
   * @param {(signal: {topic: string, name: string, data: *, from: {id: number, name: string,
   *   connection: string}}) => void} [handlers.signal] what somebody else shows
   * @param {(people: {id: number, name: string, avatar: string|null}[], topic: string) => void}
   *   [handlers.presence] all who follow the topic now, you too, after each change
   * @returns {{end: () => void}} `end` stops following
   */
  subscribe(list, handlers) {
    if (this.#enter(list.epoch) && this.#connection.isOpen) this.#connection.reconnect();
    const followers = [];
    const end = () => {
      for (const one of followers) this.#topics.get(one.name)?.followers.delete(one);
      this.#ask();
    };
    for (const [name, seq] of Object.entries(list.topics)) {
      const follower = { name, seq, handlers, end };
      followers.push(follower);
      if (!this.#topics.has(name)) this.#topics.set(name, new Topic(name, seq));
      this.#topics.get(name).add(follower);
    }
    this.#ask();
    return { end };
  }

  /**
   * Learns, while connected, where there are new posts by others, in whatever channel.
   * @param {() => void} [handlers.watching] with each connection: fetch the lists now
   * @param {(groups: Object<string, Object<string, number>>) => void} [handlers.newest] the id of
   *   the newest post, by group and channel; 0 where only something old has changed
   * @returns {{end: () => void}} `end` stops watching
   */
  watch(handlers) {
    this.#watchers.add(handlers);
    if (this.#connection.takesCommands) this.#askToWatch();
    else if (this.#connection.isGreeted) this.#connection.reconnect();
    return { end: () => this.#watchers.delete(handlers) };
  }

  #askToWatch() {
    if (this.#watchers.size) this.#send({ type: "watch", id: this.#newId() });
  }

  #tell(state) {
    if (this.state !== state) this.#report((this.state = state));
  }

  #send(message) {
    return this.#connection.send(message);
  }

  #newId() {
    return `${++this.#lastId}`;
  }

  /** What to sign in with, and what to resume. */
  #hello() {
    this.#topics = new Map([...this.#topics].filter(([, topic]) => topic.followers.size));
    const topics = {};
    for (const [name, topic] of this.#topics) topics[name] = topic.ask("hello");
    const watches = this.#watchers.size > 0;
    return { token: this.#token, user: this.#user, epoch: this.#epoch, topics, watches };
  }

  /** Soon tells the server what changed, no faster than it accepts commands. */
  #ask() {
    if (this.#connection.isGreeted) this.#pace ||= setTimeout(() => this.#askNow());
  }

  #askNow() {
    const isDue = ([, topic]) => topic.stale || !topic.followers.size;
    const due = [...this.#topics].filter(isDue).slice(0, COMMANDS_AT_ONCE);
    const { isGreeted, takesCommands } = this.#connection;
    this.#pace = 0;
    if (!isGreeted || !due.length) return;
    const pause = takesCommands ? COMMAND_EVERY_MS * due.length : RECONNECT_EVERY_MS;
    this.#pace = setTimeout(() => this.#askNow(), pause);
    if (takesCommands) for (const one of due) this.#command(...one);
    else this.#connection.reconnect();
  }

  #command(name, topic) {
    const id = this.#newId();
    if (topic.followers.size) {
      this.#send({ type: "subscribe", id, topic: name, after: topic.ask(id) });
    } else {
      this.#topics.delete(name);
      this.#send({ type: "unsubscribe", id, topic: name });
    }
  }

  /** What to do with each message of the server; other types are ignored. */
  #take = {
    welcome: ({ epoch }) => {
      this.#enter(epoch);
      if (this.#connection.takesCommands) this.#askToWatch();
      this.#ask();
      this.#caughtUp();
    },
    subscribed: ({ topic: name, id = "hello", seq, present }) => {
      const topic = this.#topics.get(name);
      if (!topic?.awaits(id)) return;
      topic.answered({ seq, present });
      this.#caughtUp();
    },
    event: (event) => {
      const topic = this.#topics.get(event.topic);
      if (!topic) return;
      topic.take(event);
      if (topic.stale) this.#ask();
      this.#caughtUp();
    },
    reset: ({ topic, reason }) => {
      for (const { handlers, end } of this.#drop(topic)) {
        end();
        callHandler(handlers.refetch, reason, topic);
      }
    },
    revoked: ({ topic, reason }) => {
      for (const { handlers } of this.#drop(topic)) callHandler(handlers.revoked, topic, reason);
    },
    error: ({ topic, code, id = "hello" }) => {
      if (this.#topics.get(topic)?.awaits(id)) this.#take.revoked({ topic, reason: code });
    },
    watching: () => {
      for (const { watching } of this.#watchers) callHandler(watching);
    },
    newest: ({ groups }) => {
      for (const { newest } of this.#watchers) callHandler(newest, groups);
    },
    signal: (message) => this.#topics.get(message.topic)?.signal(message),
    presence: (change) => this.#topics.get(change.topic)?.show(change),
  };

  /** Removes a topic and returns its followers. */
  #drop(name) {
    const followers = [...(this.#topics.get(name)?.followers ?? [])];
    this.#topics.delete(name);
    this.#caughtUp();
    return followers;
  }

  #caughtUp() {
    if (this.state !== "connecting" || !this.#connection.isGreeted) return;
    if (![...this.#topics.values()].some((topic) => topic.isBehind)) this.#tell("live");
  }

  /** Enters an epoch, in which numbers of another mean nothing; whether any topic is lost. */
  #enter(epoch) {
    const lost = [null, epoch].includes(this.#epoch) ? [] : [...this.#topics.keys()];
    this.#epoch = epoch;
    for (const topic of lost) this.#take.reset({ topic, reason: "epoch" });
    return lost.length > 0;
  }
}
