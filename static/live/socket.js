/** A live connection as a WebSocket: events come in, commands go out. */

export const LOST_CODE = 1006; // what a browser calls a connection that ended without a word

export class Socket {
  takesCommands = true;
  #socket = null;

  /**
   * @param {URL} url of `/api/live`
   * @param {() => object} line.hello what to sign in with and resume: `token`, `epoch`, `topics`
   * @param {(messages: object[]) => void} line.heard
   * @param {(code: number) => void} line.lost it has ended, for the reason that the protocol lists
   */
  constructor(url, { hello, heard, lost }) {
    const address = new URL(url);
    address.protocol = url.protocol.replace("http", "ws");
    try {
      this.#socket = new WebSocket(address);
    } catch {
      setTimeout(() => lost(LOST_CODE)); // this browser or its policy has none
      return;
    }
    this.#socket.onopen = () => this.send({ type: "hello", id: "hello", ...hello() });
    this.#socket.onmessage = ({ data }) => heard([JSON.parse(data)].flat());
    this.#socket.onclose = ({ code }) => lost(code);
  }

  /** Whether there was somebody to send it to. */
  send(message) {
    const isOpen = this.#socket.readyState === WebSocket.OPEN;
    if (isOpen) this.#socket.send(JSON.stringify(message));
    return isOpen;
  }

  /** Asks for a sign of life; whether that can be done. */
  ping() {
    return this.send({ type: "ping" });
  }

  /** Without waiting for an answer: a dead network gives none. */
  close() {
    this.#socket?.close();
  }
}
