/**
 * A live connection as Server-Sent Events, for networks that block WebSockets: the same
 * messages come in, no commands go out. It is read with `fetch`, because an `EventSource` can send
 * neither `Authorization` nor a first `Last-Event-ID`.
 */

import { LOST_CODE } from "./socket.js";

const CODES = { 401: 4401, 429: 4429 }; // as a WebSocket is closed

export class Stream {
  takesCommands = false;
  #stop = new AbortController();

  /** Opens at once, as a `Socket`; `lost` is also told the seconds to wait, if the server does. */
  constructor(url, { hello, heard, lost }) {
    this.#follow(url, hello(), heard).then(
      ({ code, retryAfterS }) => lost(code, retryAfterS),
      () => lost(LOST_CODE),
    );
  }

  send() {
    return false;
  }

  ping() {
    return false;
  }

  close() {
    this.#stop.abort();
  }

  async #follow(url, { token, user, epoch, topics, watches }, heard) {
    const address = new URL(url);
    for (const name of Object.keys(topics)) address.searchParams.append("topic", name);
    if (watches) address.searchParams.set("watch", 1);
    const headers = { Accept: "text/event-stream" };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (user) headers["Homeroom-User"] = user;
    if (epoch) headers["Last-Event-ID"] = JSON.stringify({ epoch, topics });
    const credentials = token ? "omit" : "include";
    const { signal } = this.#stop;
    const response = await fetch(address, { headers, credentials, signal, cache: "no-store" });
    if (!response.ok) {
      const retryAfterS = Number(response.headers.get("Retry-After"));
      return { code: CODES[response.status] ?? LOST_CODE, retryAfterS };
    }
    let code = LOST_CODE;
    for await (const messages of framesOf(response.body)) {
      for (const message of messages) if (message.type === "bye") ({ code } = message);
      heard(messages);
    }
    return { code };
  }
}

/** Yields the messages of each event, and none for a comment, which is a sign of life. */
async function* framesOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (text + value).split(/\r?\n\r?\n/);
    text = events.pop();
    for (const event of events) {
      const data = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
      yield data.length ? [JSON.parse(data.map((line) => line.slice(5)).join("\n"))].flat() : [];
    }
  }
}
