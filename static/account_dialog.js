/** One's own name and picture at the top of the board, and the dialog behind it: signing out. */

import { ask } from "./api.js";
import { confirmed, onClick } from "./page/dialogs.js";
import { avatar, find, make } from "./page/dom.js";
import { excerptOf, listOf } from "./page/format.js";
import { uncover } from "./page/layers.js";

const MOST_NAMED = 5; // of what was not sent

/** Dispatches `signed-out` once the server has ended the session. */
export class AccountDialog extends EventTarget {
  #live;
  #unsent;

  /** `unsent()` are the texts that are on this device alone, and that signing out would erase. */
  constructor(me, live, { unsent }) {
    super();
    this.#live = live;
    this.#unsent = unsent;
    this.show(me);
    find("#account-username").textContent = me.username;
    find("#account").addEventListener("click", () => find("#account-dialog").showModal());
    onClick("#sign-out", () => this.#signOut());
  }

  /** Shows the account with this name and picture. */
  show(me) {
    const name = make("span", { className: "account-name" }, me.name);
    const label = make("span", { className: "hidden-label" }, "Your account: ");
    find("#account").replaceChildren(avatar(me), label, name);
  }

  async #signOut() {
    const unsent = this.#unsent();
    const named = unsent.slice(0, MOST_NAMED).map(excerptOf);
    if (unsent.length > MOST_NAMED) named.push(`${unsent.length - MOST_NAMED} more`);
    const text = `It will be erased on this device: ${listOf(named)}.`;
    const isSure = () => confirmed("Sign out with something not sent?", text, "Sign out");
    if (unsent.length && !(await isSure())) return;
    this.#live.close(); // it would say that somebody has ended the session
    await ask("DELETE", "/sessions/current").catch((problem) => {
      this.#live.connect();
      throw problem;
    });
    this.dispatchEvent(new Event("signed-out"));
    uncover(() => location.replace("/"));
  }
}
