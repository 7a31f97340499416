/** Stays connected, with growing pauses, by a WebSocket or a stream: what the network allows. */

import { LOST_CODE, Socket } from "./socket.js";
import { Stream } from "./stream.js";
import { onWake } from "./wake.js";

const SPEAKS_WITHIN_MS = 30_000; // the server says something at least every 25 s
const DEAD_AFTER_MS = 60_000; // unless somebody looks at the page, and we can ask:
const [ASK_AFTER_MS, ANSWER_WITHIN_MS] = [5_000, 5_000];
const WELCOME_WITHIN_MS = 10_000;
const [FIRST_RETRY_MS, LONGEST_RETRY_MS] = [500, 30_000]; // doubled with each attempt
const LONGEST_WHILE_LOOKED_AT_MS = 5_000; // nobody is told that a frozen network is back
const [SOCKETS_TRIED, A_SOCKET_EACH] = [2, 3];
const [SIGNED_OUT, TOO_MANY] = [4401, 4429];
const FINAL_CODES = [4400, 4403]; // protocol broken, origin not allowed: no retry helps

export class Connection {
  /** Whether the server has welcomed us. */
  isGreeted = false;
  #url;
  #client;
  #line = null; // a Socket or a Stream
  #attempts = 0;
  #refusedSockets = 0; // in a row
  #streams = 0; // connections since the first stream; 0 while sockets work
  #heardAt = 0;
  #retryAfterS;
  #timers = { retry: 0, ask: 0, dead: 0 };
  #stopListening = () => {};

  /**
   * @param {URL} url of `/api/live`
   * @param {() => object} client.hello what to sign in with and resume, as a `Socket` takes it
   * @param {(message: object) => void} client.heard
   * @param {(state: string) => void} client.state `connecting`, `offline` or `signed out`
   */
  constructor(url, client) {
    this.#url = url;
    this.#client = client;
  }

  /** Whether it can `send`; if not, `reconnect` changes what is followed. */
  get takesCommands() {
    return this.isGreeted && this.#line.takesCommands;
  }

  get isOpen() {
    return this.#line !== null;
  }

  open() {
    this.#stopListening();
    this.#stopListening = onWake(() => this.#wakeUp());
    this.#begin();
  }

  close() {
    this.#stopListening();
    this.#hangUp();
  }

  send(message) {
    return this.#line.send(message);
  }

  /** Says hello on a new line of the same kind, without reporting a state. */
  reconnect() {
    this.#use(this.#line.constructor);
  }

  #begin() {
    this.#client.state("connecting");
    const isStreaming = this.#streams > 0 && this.#streams++ % A_SOCKET_EACH > 0;
    this.#use(isStreaming ? Stream : Socket);
  }

  #use(Line) {
    this.#hangUp();
    this.#retryAfterS = undefined;
    this.#expect(WELCOME_WITHIN_MS);
    const line = new Line(this.#url, {
      hello: this.#client.hello,
      heard: (messages) => {
        if (line === this.#line) this.#heard();
        for (const message of messages) if (line === this.#line) this.#hear(message);
      },
      lost: (code, retryAfterS) => line === this.#line && this.#lost(code, retryAfterS),
    });
    this.#line = line;
  }

  #hear(message) {
    if (message.type === "welcome") this.#greet();
    else if (message.type === "ping") this.#line.send({ type: "pong" });
    else if (message.type === "bye") this.#retryAfterS = message.retry_after;
    this.#client.heard(message);
  }

  #greet() {
    this.isGreeted = true;
    this.#attempts = 0;
    if (this.#line.takesCommands) this.#refusedSockets = this.#streams = 0;
    else this.#streams ||= 1;
  }

  #hangUp() {
    for (const name in this.#timers) clearTimeout(this.#timers[name]);
    this.#timers = { retry: 0, ask: 0, dead: 0 };
    this.isGreeted = false;
    this.#line?.close();
    this.#line = null;
  }

  #lost(code, retryAfterS = this.#retryAfterS) {
    const isRefusedSocket = code === LOST_CODE && !this.isGreeted && this.#line.takesCommands;
    this.#hangUp();
    if (code === SIGNED_OUT) return this.#client.state("signed out");
    if (isRefusedSocket && ++this.#refusedSockets >= SOCKETS_TRIED) return this.#use(Stream);
    this.#client.state("offline");
    if (FINAL_CODES.includes(code)) return;
    if (code === TOO_MANY) this.#attempts = Math.max(this.#attempts, 5);
    const isHurried = code === LOST_CODE && isLookedAt();
    const most = isHurried ? LONGEST_WHILE_LOOKED_AT_MS : LONGEST_RETRY_MS;
    const longest = Math.min(most, FIRST_RETRY_MS * 2 ** this.#attempts++);
    const waitMs = 1000 * retryAfterS || longest * (0.5 + Math.random() / 2);
    this.#timers.retry = setTimeout(() => this.#begin(), waitMs);
  }

  #heard() {
    this.#heardAt = Date.now();
    this.#expect(DEAD_AFTER_MS);
    clearTimeout(this.#timers.ask);
    this.#timers.ask = setTimeout(() => isLookedAt() && this.#ask(), ASK_AFTER_MS);
  }

  /** Gives the connection up if nothing is heard. */
  #expect(withinMs) {
    clearTimeout(this.#timers.dead);
    this.#timers.dead = setTimeout(() => this.#lost(LOST_CODE), withinMs);
  }

  /** Asks for a sign of life; a stream takes no question. */
  #ask() {
    if (!this.takesCommands) return;
    if (this.#line.ping()) this.#expect(ANSWER_WITHIN_MS);
    else this.#begin();
  }

  /** Reconnects at once, or checks whether the connection is still alive. */
  #wakeUp() {
    const isSilent = this.isGreeted && Date.now() - this.#heardAt > SPEAKS_WITHIN_MS;
    if (this.#timers.retry || isSilent) this.#begin();
    else this.#ask();
  }
}

function isLookedAt() {
  return document.visibilityState === "visible";
}
