/** A post from the outbox: not sent yet, or refused. */

import { notify } from "../page/dialogs.js";
import { avatar, button, find, make } from "../page/dom.js";
import { putBack } from "./draft.js";
import { FilesView } from "./files_view.js";
import { timeOf } from "../page/format.js";
import { formatted } from "./formatted.js";
import { articleOf } from "./post_view.js";

const STATES = { waiting: "Sending…", sent: "Sent" };
const PARTS = { text: "Text", file_ids: "Files", parent_id: "Post that it replies to" };

/**
 * What is refused can be edited where it was written, if that channel is open; what has waited too
 * long cannot, as it may have arrived.
 * @param {import("../page/context.js").Context} context
 */
export function pendingView(item, context) {
  const { me, people, outbox, channel } = context;
  const hasFailed = item.state === "failed";
  const isBehind = outbox.unsent.some(
    ({ key, channelId, notBefore }) => notBefore && key !== item.key && channelId === item.channelId,
  );
  const said = isBehind && !item.detail ? "It waits for the one before it." : outcomeOf(item);
  const state = make("p", { className: "delivery" }, said);
  state.classList.toggle("failed", hasFailed);
  if (hasFailed || item.notBefore) {
    const mayHaveArrived = item.code === "waited_too_long";
    const isHere = channel?.id === item.channelId && channel.writable;
    const add = (verb, act) => state.append(" ", button(verb, act, { className: "quiet" }));
    if (hasFailed) add(mayHaveArrived ? "Send" : "Try again", () => outbox.retry(item));
    if (isHere && !mayHaveArrived) add("Edit", () => edit(item, context));
    add("Discard", () => outbox.discard(item));
  }
  const files = new FilesView();
  files.show(item.files ?? []);
  const person = people.of(me);
  const face = make("div", { className: "face" }, avatar(person));
  const author = make("strong", { className: "author" }, person.name);
  const text = make("div", { className: "text", dir: "auto" }, ...formatted(item.text));
  const article = articleOf(face, [author], [text, files.element, state]);
  return make("li", { className: "post" }, article);
}

/** Takes a post out of the outbox, back to where it was written. */
function edit(item, { drafts, outbox }) {
  const { channelId, parentId, text, files = [] } = item;
  const place = { channelId, kind: parentId ? "reply" : "post", postId: parentId };
  putBack(place, { text, files }, drafts);
  outbox.discard(item);
  if (drafts.isShown(place)) find(parentId ? "#reply-text" : "#text").focus();
  else notify("It is waiting where you wrote it.");
}

/** "Sending…", "It is sent at 10:32.", "Not sent: Somebody else is signed in here now.", "Not sent. Text: It is empty." */
function outcomeOf({ state, detail, fields = {}, notBefore }) {
  if (!detail) return STATES[state];
  if (notBefore) return `It is sent at ${timeOf(notBefore)}.`;
  const wrong = Object.entries(fields).map(([name, said]) => `${PARTS[name] ?? name}: ${said}`);
  return wrong.length ? `Not sent. ${wrong.join(" ")}` : `Not sent: ${detail}`;
}
