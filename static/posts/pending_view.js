/** A post from the outbox: not sent yet, or refused. */

import { avatar, button, make } from "/static/page/dom.js";
import { FilesView } from "/static/posts/files_view.js";
import { formatted } from "/static/posts/formatted.js";
import { articleOf } from "/static/posts/post_view.js";

const STATES = { waiting: "Sending…", sent: "Sent" };

export function pendingView(item, me, { retry, discard }) {
  const outcome = item.detail ? `Not sent: ${item.detail}` : STATES[item.state];
  const state = make("p", { className: "delivery" }, outcome);
  if (item.state === "failed") {
    state.classList.add("failed");
    state.append(
      " ",
      button("Try again", () => retry(item), { className: "quiet" }),
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
