/** A live connection as a WebSocket: events come in, commands go out. */

export const LOST_CODE = 1006; // how a browser reports a connection that just ended

export class Socket {
  takesCommands = true;
  #socket = null;

  /**
   * @param {URL} url of `/api/live`
   * @param {() => object} line.hello what to sign in with and resume: `token`, `user`, `epoch`,
   *   `topics`; and whether one `watches`, which a socket is told by a command
   * @param {(messages: object[]) => void} line.heard
   * @param {(code: number) => void} line.lost is told the close code
   */
  constructor(url, { hello, heard, lost }) {
    const address = new URL(url);
    address.protocol = url.protocol.replace("http", "ws");
    try {
      this.#socket = new WebSocket(address);
    } catch {
      setTimeout(() => lost(LOST_CODE)); // no WebSockets in this browser, or by its policy
      return;
    }
    this.#socket.onopen = () => {
      const { token, user, epoch, topics } = hello();
      this.send({ type: "hello", id: "hello", token, user, epoch, topics });
    };
    this.#socket.onmessage = ({ data }) => heard([JSON.parse(data)].flat());
    this.#socket.onclose = ({ code }) => lost(code);
  }

  /** Sends a message; whether the connection was open. */
  send(message) {
    const isOpen = this.#socket.readyState === WebSocket.OPEN;
    if (isOpen) this.#socket.send(JSON.stringify(message));
    return isOpen;
  }

  /** Asks for a sign of life; whether the connection was open. */
  ping() {
    return this.send({ type: "ping" });
  }

  /** Closes without waiting for an answer: a dead network gives none. */
  close() {
    this.#socket?.close();
  }
}
