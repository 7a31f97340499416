/**
 * One post, and every order in which its news can come to the tabs of its author. The outbox and
 * the posts of the pages are the real ones; server, network, storage events and locks are such that
 * one step happens at a time.
 */

import { Outbox } from "/static/outbox.js";
import { Posts } from "/static/posts/posts.js";

const [ME, SOMEBODY_ELSE, CHANNEL, TOPIC, TEXT] = [1, 2, 7, "channel:7", "only once"];
const A_PAGE = 1; // one more post, and it is on the page before
const THE_USUAL = { tabs: 1, hasLocks: true, renames: false, quickly: [] };

let world; // of the order that is tried
let acting; // the tab whose code runs

class Server {
  events = [];
  ids = []; // of all that was ever made of the text
  #posts = []; // newest first
  #kept = new Map(); // answers by their key

  /** `renames`: requests are, as by some proxies, so that no event has the key. */
  constructor(renames) {
    this.renames = renames;
  }

  write(text, key, by = ME) {
    if (this.#kept.has(key)) return this.#kept.get(key);
    const id = this.#posts.length + 1;
    const post = { id, channel_id: CHANNEL, parent: null, text, reactions: [], reply_count: 0 };
    this.#posts.unshift(post);
    this.#kept.set(key, post);
    if (text === TEXT) this.ids.push(id);
    this.#tell("post.created", post, by, this.renames ? `renamed ${key}` : key);
    return post;
  }

  delete(id) {
    this.find(id).isDeleted = true;
    for (const event of this.events) if (event.data.id === id) event.data = { id, gone: true };
    this.#tell("post.deleted", { id, parent: null }, SOMEBODY_ELSE, "deletion");
  }

  find(id) {
    return this.#posts.find((post) => post.id === id && !post.isDeleted);
  }

  get list() {
    const all = this.#posts.filter(({ isDeleted }) => !isDeleted);
    const posts = all.slice(0, A_PAGE);
    const next = all.length > A_PAGE ? posts.at(-1).id : null;
    return { posts, next, live: { topics: { [TOPIC]: this.events.length } } };
  }

  #tell(kind, data, by, tx) {
    this.events.push({ topic: TOPIC, seq: this.events.length + 1, kind, data, by, tx });
  }
}

class Tab {
  posts = new Posts();
  request = null; // that is on its way, with the answer once the server has made it
  asked = null; // the list that is on its way
  cursor = null; // of the list that is shown
  words = []; // that the other tabs have said through the storage
  hasShown = false;
  #listeners = new Map();

  constructor() {
    acting = this;
    world.tabs.push(this);
    this.token = `${(world.opened += 1)}`;
    const listen = (kind, listener) => this.#listeners.set(kind, listener);
    globalThis.addEventListener = document.addEventListener = listen;
    this.outbox = new Outbox({ user: ME, token: this.token });
  }

  write() {
    acting = this;
    this.outbox.add(CHANNEL, null, TEXT);
  }

  answered(post) {
    const { resolve } = this.request;
    this.request = null;
    resolve(answer(201, post));
  }

  async tryAgain() {
    const { reject } = this.request;
    this.request = null;
    reject(new TypeError("Failed to fetch"));
    await allHasRun();
    acting = this;
    this.hear("online");
  }

  ask() {
    this.asked = world.server.list;
    if (world.quickly.includes("list")) this.show();
  }

  show() {
    const { posts, live } = this.asked;
    this.outbox.settleListed(CHANNEL, posts);
    this.posts.replace(this.asked);
    this.cursor = live.topics[TOPIC];
    this.asked = null;
  }

  follow() {
    const event = world.server.events[this.cursor++];
    this.posts.apply(event);
    this.outbox.settle(event);
  }

  hearWords() {
    acting = this;
    for (const word of this.words.splice(0)) this.hear("storage", word);
  }

  hear(kind, event) {
    this.#listeners.get(kind)(event);
  }

  /** Another begins in its place. What is on its way may still arrive, but nobody is answered. */
  reload() {
    if (this.request && !this.request.answer) world.abandoned.push(this.request);
    world.tabs.shift();
    world.locks.release(this);
    new Tab();
    world.tabs.unshift(world.tabs.pop());
  }

  /** How often the post is in the list, and below it. */
  get shown() {
    const listed = [...this.posts.all.values()].filter(({ text }) => text === TEXT).length;
    return [listed, this.outbox.of(CHANNEL).length];
  }

  /** Whether the post has left the sight of this tab: deleted, or on the page before. */
  get hasLeft() {
    const { server } = world;
    return server.ids.some((id) => !server.find(id) || this.posts.isBeyond(id));
  }
}

/** `navigator.locks`: whoever ends gives them back. */
class Locks {
  #turns = [];
  #last = Promise.resolve();

  request(_, action) {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers();
    this.#turns.push({ tab: acting, resolve });
    this.#last = before.then(() => promise);
    return before.then(action).finally(resolve);
  }

  release(tab) {
    for (const turn of this.#turns) if (turn.tab === tab) turn.resolve();
  }
}

/** `localStorage`, whose entries are its properties, in all tabs. */
class Storage {
  getItem(key) {
    return this[key] ?? null;
  }

  setItem(key, newValue) {
    this[key] = newValue;
    this.#tellOthers({ key, newValue });
  }

  removeItem(key) {
    if (key in this) this.#tellOthers({ key, newValue: null });
    delete this[key];
  }

  #tellOthers(word) {
    for (const tab of world.tabs) if (tab !== acting) tab.words.push(word);
  }
}

function carry(request) {
  request.answer = world.server.write(TEXT, request.key);
}

/** What can happen next, by its name. */
function steps() {
  const { server, tabs, may, abandoned, quickly } = world;
  const hearing = quickly.includes("storage") && tabs.find(({ words }) => words.length);
  if (hearing) return { "the other hears of the storage": () => hearing.hearWords() };
  const found = {};
  const once = (budget, name, step) => {
    if (may[budget]) found[name] = () => step(may[budget]--);
  };
  tabs.forEach((tab, index) => {
    const { request, asked, cursor, words } = tab;
    const can = (name, step) => {
      found[`${"AB"[index]} ${name}`] = () => {
        acting = tab;
        return step();
      };
    };
    if (request?.answer) can("is answered", () => tab.answered(request.answer));
    else if (request) can("reaches the server", () => carry(request));
    if (asked) can("shows the list", () => tab.show());
    else if (cursor === null) can("asks for the list", () => tab.ask());
    else if (cursor < server.events.length) can("follows", () => tab.follow());
    if (words.length) can("hears of the storage", () => tab.hearWords());
    if (request) once("lose", `${"AB"[index]} loses its answer`, () => tab.tryAgain());
  });
  const [first] = tabs;
  const [id] = server.ids;
  once("write", "A writes", () => first.write());
  once("open", "B opens", () => new Tab());
  if (!may.write) once("reload", "A reloads", () => first.reload());
  if (id) once("delete", "it is deleted", () => server.delete(id));
  if (id) once("other", "another is posted", () => server.write("x", "x", SOMEBODY_ELSE));
  if (abandoned.length) found["an abandoned one arrives"] = () => carry(abandoned.shift());
  return found;
}

/** Takes a step; what somebody sees then that is wrong, or null. */
async function take(step) {
  await step();
  await allHasRun();
  for (const tab of world.tabs) {
    const isVisible = tab.shown.some(Boolean);
    tab.hasShown ||= isVisible;
    if (tab.hasShown && !isVisible && !tab.hasLeft) return "It is gone from the sight of a tab.";
  }
  return null;
}

/** What is wrong at the end, or null. */
function verdict() {
  const { server, tabs } = world;
  if (server.ids.length !== 1) return `It was made ${server.ids.length} times.`;
  if (Object.keys(localStorage).length) return "It is still in the storage.";
  for (const tab of tabs) {
    const [listed, pending] = tab.shown;
    if (pending) return "It stays below the list for ever.";
    if (listed !== (tab.hasLeft ? 0 : 1)) return `It is ${listed} times in a list.`;
  }
  return null;
}

/**
 * Tries all orders in which these things happen once; promises how many there are, or the first
 * that goes wrong.
 * @param {string[]} things "lose" an answer, "reload", "open" a second tab, "delete" the post,
 *   "other": somebody else writes
 * @param {number} given.tabs that are open from the beginning; two have their lists
 * @param {boolean} given.hasLocks as on https
 * @param {boolean} given.renames see `Server`
 * @param {string[]} given.quickly "list": is there when it is asked for; "storage": is heard at once
 */
export async function tryAll(things, given) {
  const choices = []; // at each step the number of the one that is taken, and how many there are
  let orders = 0;
  do {
    begin(things, { ...THE_USUAL, ...given });
    const order = [];
    let wrong = null;
    for (let all; !wrong && (all = Object.entries(steps())).length; ) {
      const choice = (choices[order.length] ??= { taken: 0 });
      choice.of = all.length;
      const [name, step] = all[choice.taken];
      order.push(name);
      wrong = await take(step);
    }
    wrong ??= verdict();
    if (wrong) return { wrong, order };
    orders++;
    while (choices.length && choices.at(-1).taken + 1 === choices.at(-1).of) choices.pop();
    if (choices.length) choices.at(-1).taken++;
  } while (choices.length);
  return { orders };
}

function begin(things, { tabs, hasLocks, renames, quickly }) {
  const may = Object.fromEntries(["write", ...things].map((thing) => [thing, 1]));
  const [server, storage, locks] = [new Server(renames), new Storage(), new Locks()];
  world = { server, storage, locks, tabs: [], opened: 0, abandoned: [], may, quickly };
  const value = hasLocks ? locks : undefined;
  Object.defineProperty(navigator, "locks", { value, configurable: true });
  for (let count = 0; count < tabs; count++) new Tab();
  if (tabs > 1) {
    for (const tab of world.tabs) {
      tab.asked = world.server.list;
      tab.show();
    }
  }
}

globalThis.fetch = (address, { method, headers }) => {
  const tab = world.tabs.find(({ token }) => headers.Authorization === `Bearer ${token}`);
  if (method === "GET") return Promise.resolve(look(Number(address.pathname.split("/").at(-1))));
  return new Promise((resolve, reject) => {
    if (tab) tab.request = { key: headers["Idempotency-Key"], resolve, reject };
  });
};

function look(id) {
  const post = world.server.find(id);
  return post ? answer(200, post) : answer(404, { code: "not_found", detail: "" });
}

function answer(status, body) {
  const headers = new Headers({ "Content-Type": "application/problem+json" });
  const [json, text] = [body, JSON.stringify(body)].map((read) => () => Promise.resolve(read));
  return { ok: status < 300, status, headers, json, text };
}

Object.defineProperty(globalThis, "localStorage", { get: () => world.storage });
globalThis.setTimeout = globalThis.setInterval = () => 0; // a step wakes whoever waits

const { port1, port2 } = new MessageChannel();
function allHasRun() {
  return new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(null);
  });
}
