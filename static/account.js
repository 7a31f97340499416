/** The dialog about your own account: picture, name, password, sessions, signing out. */

import { ask } from "./api.js";
import { attempt, confirmed, notify } from "./page/dialogs.js";
import { avatar, button, find, make } from "./page/dom.js";
import { dateOf, excerptOf, listOf } from "./page/format.js";
import { clearProblems, onSubmit } from "./page/forms.js";
import { uncover } from "./page/layers.js";
import { upload } from "./page/upload.js";
import "./page/passwords.js";

const BROWSERS = ["Edg", "OPR", "Firefox", "Chrome", "Safari"];
const SYSTEMS = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"];
const MOST_NAMED = 5; // of what was not sent

/** Dispatches `signed-out` once the server has ended the session. */
export class Account extends EventTarget {
  me;
  #unsent;
  #dialog = find("#account-dialog");
  #picture;

  /** `unsent()` are the texts that are on this device alone, and that signing out would erase. */
  constructor(me, { unsent }) {
    super();
    this.me = me;
    this.#unsent = unsent;
    this.#picture = new OwnPicture((changed) => this.show(changed));
    this.show(me);
    find("#account").addEventListener("click", () => this.#open());
    find("#sign-out").addEventListener("click", () => attempt(() => this.#signOut()));
    find("#sign-out-elsewhere").addEventListener("click", () =>
      attempt(() => this.#signOutElsewhere()),
    );
    onSubmit(find("#name-form"), async ({ name }) => {
      this.show(await ask("PATCH", "/me", { name }));
      notify("Your name has been changed.");
    });
    onSubmit(find("#password-form"), async ({ old, new: changed }) => {
      await ask("PUT", "/me/password", { old, new: changed });
      find("#password-form").reset();
      notify("Your password has been changed.");
      await this.#listSessions();
    });
  }

  /** Shows the account with this name and picture. */
  show({ name: written, avatar: picture }) {
    Object.assign(this.me, { name: written, avatar: picture });
    this.#picture.show(this.me);
    const name = make("span", { className: "account-name" }, written);
    const label = make("span", { className: "hidden-label" }, "Your account: ");
    find("#account").replaceChildren(avatar(this.me), label, name);
  }

  #open() {
    find("#account-username").textContent = this.me.username;
    find("#account-name").value = this.me.name;
    find("#password-form").reset();
    for (const form of this.#dialog.querySelectorAll("form")) clearProblems(form);
    this.#dialog.showModal();
    attempt(() => this.#listSessions());
  }

  async #listSessions() {
    const { sessions, current_id: current } = await ask("GET", "/sessions?limit=100");
    find("#sign-out-elsewhere").hidden = sessions.length < 2;
    const rows = sessions.map((session) => {
      const isHere = session.id === current;
      const since = `since ${dateOf(session.created_at)}`;
      const name = make(
        "span",
        { className: "person" },
        nameOf(session.agent),
        make("span", { className: "hint" }, isHere ? `this browser, ${since}` : since),
      );
      const row = make("li", {}, name);
      if (!isHere)
        row.append(
          button("Sign out", () => attempt(() => this.#revoke(session.id)), { className: "quiet" }),
        );
      return row;
    });
    find("#sessions").replaceChildren(...rows);
  }

  async #revoke(id) {
    await ask("DELETE", `/sessions/${id}`);
    await this.#listSessions();
  }

  async #signOutElsewhere() {
    await ask("DELETE", "/sessions");
    await this.#listSessions();
  }

  async #signOut() {
    const unsent = this.#unsent();
    const named = unsent.slice(0, MOST_NAMED).map(excerptOf);
    if (unsent.length > MOST_NAMED) named.push(`${unsent.length - MOST_NAMED} more`);
    const text = `It will be erased on this device: ${listOf(named)}.`;
    const isSure = () => confirmed("Sign out with something not sent?", text, "Sign out");
    if (unsent.length && !(await isSure())) return;
    await ask("DELETE", "/sessions/current");
    this.dispatchEvent(new Event("signed-out"));
    uncover(() => location.replace("/"));
  }
}

/** Your picture, in the same dialog. */
class OwnPicture {
  #changed;
  #input = find("#picture-file");

  /** `changed(me)` is called with the account after each change. */
  constructor(changed) {
    this.#changed = changed;
    find("#choose-picture").addEventListener("click", () => this.#input.click());
    this.#input.addEventListener("change", () => {
      const [file] = this.#input.files;
      this.#input.value = "";
      const change = () => upload("PUT", "/me/avatar", file);
      if (file) this.#request(change, "Your picture has been changed.");
    });
    find("#remove-picture").addEventListener("click", () =>
      this.#request(() => ask("DELETE", "/me/avatar"), "Your picture has been removed."),
    );
  }

  show(me) {
    find("#own-picture").replaceChildren(avatar(me));
    find("#remove-picture").hidden = !me.avatar;
    find("#choose-picture").textContent = me.avatar ? "Choose another picture" : "Choose a picture";
  }

  async #request(change, done) {
    const state = find("#picture-state");
    state.classList.remove("wrong");
    state.textContent = "One moment…";
    try {
      this.#changed(await change());
      state.textContent = done;
    } catch (problem) {
      state.classList.add("wrong");
      state.textContent = problem.message;
    }
  }
}

/** "Firefox on Windows", from the `User-Agent` of a session. */
function nameOf(agent) {
  const browser = BROWSERS.find((name) => agent.includes(`${name}/`));
  const system = SYSTEMS.find((name) => agent.includes(name));
  if (!browser) return agent.slice(0, 40) || "Another program";
  const known = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system ? `${known} on ${system.replace("CrOS", "ChromeOS")}` : known;
}
