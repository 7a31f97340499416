/** A post from the outbox: not sent yet, or refused. */

import { avatar, button, make } from "../page/dom.js";
import { FilesView } from "./files_view.js";
import { formatted } from "./formatted.js";
import { articleOf } from "./post_view.js";

const STATES = { waiting: "Sending…", sent: "Sent" };
const PARTS = { text: "Text", file_ids: "Files", parent_id: "Post that it replies to" };

export function pendingView(item, me, { retry, discard }) {
  const state = make("p", { className: "delivery" }, outcomeOf(item));
  if (item.state === "failed") {
    const verb = item.code === "waited_too_long" ? "Send" : "Try again";
    state.classList.add("failed");
    state.append(
      " ",
      button(verb, () => retry(item), { className: "quiet" }),
      " ",
      button("Discard", () => discard(item), { className: "quiet" }),
    );
  }
  const files = new FilesView();
  files.show(item.files ?? []);
  const face = make("div", { className: "face" }, avatar(me));
  const author = make("strong", { className: "author" }, me.name);
  const text = make("div", { className: "text", dir: "auto" }, ...formatted(item.text));
  const article = articleOf(face, [author], [text, files.element, state]);
  return make("li", { className: "post" }, article);
}

/** "Sending…", "Not sent: Somebody else is signed in here now.", "Not sent. Text: It is empty." */
function outcomeOf({ state, detail, fields = {} }) {
  if (!detail) return STATES[state];
  const wrong = Object.entries(fields).map(([name, said]) => `${PARTS[name] ?? name}: ${said}`);
  return wrong.length ? `Not sent. ${wrong.join(" ")}` : `Not sent: ${detail}`;
}
