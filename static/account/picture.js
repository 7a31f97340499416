/** One's own picture: choosing another one, or none. */

import { ask } from "../api.js";
import { avatar, find } from "../page/dom.js";
import { upload } from "../page/upload.js";

const [input, state] = [find("#picture-file"), find("#picture-state")];

export function showPicture(me) {
  find("#own-picture").replaceChildren(avatar(me));
  find("#remove-picture").hidden = !me.avatar;
  find("#choose-picture").textContent = me.avatar ? "Choose another picture" : "Choose a picture";
}

/** Has the picture changed by its buttons; `changed(me)` is called with the account then. */
export function followPicture(changed) {
  find("#choose-picture").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    const [file] = input.files;
    input.value = "";
    const change = () => upload("PUT", "/me/avatar", file);
    if (file) request(change, "Your picture has been changed.", changed);
  });
  find("#remove-picture").addEventListener("click", () =>
    request(() => ask("DELETE", "/me/avatar"), "Your picture has been removed.", changed),
  );
}

async function request(change, done, changed) {
  state.classList.remove("wrong");
  state.textContent = "One moment…";
  try {
    changed(await change());
    state.textContent = done;
  } catch (problem) {
    state.classList.add("wrong");
    state.textContent = problem.message;
  }
}
