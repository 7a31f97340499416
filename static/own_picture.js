/** One's own picture in the dialog about the account. */

import { ask } from "/static/api.js";
import { avatar, find } from "/static/page/dom.js";
import { upload } from "/static/page/upload.js";

export class OwnPicture {
  #changed;
  #input = find("#picture-file");

  /** `changed(person)` is called with how one appears now. */
  constructor(changed) {
    this.#changed = changed;
    find("#choose-picture").addEventListener("click", () => this.#input.click());
    this.#input.addEventListener("change", () => {
      const [file] = this.#input.files;
      this.#input.value = "";
      if (file) this.#say(() => upload("PUT", "/me/avatar", file), "Your picture is there.");
    });
    find("#remove-picture").addEventListener("click", () =>
      this.#say(() => ask("DELETE", "/me/avatar"), "Your picture is gone."),
    );
  }

  show(me) {
    find("#own-picture").replaceChildren(avatar(me));
    find("#remove-picture").hidden = !me.avatar;
    find("#choose-picture").textContent = me.avatar ? "Choose another" : "Choose a picture";
  }

  async #say(change, done) {
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
