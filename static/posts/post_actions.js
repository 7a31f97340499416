/** What the buttons of a post do; a refusal becomes a notice. */

import { askPatiently } from "../api.js";
import { attempt, confirmed } from "../page/dialogs.js";

export function react(post, emoji, isOn) {
  const path = `/posts/${post.id}/reactions/${encodeURIComponent(emoji)}`;
  return attempt(() => askPatiently(isOn ? "PUT" : "DELETE", path));
}

/** Promises whether the text was saved. */
export function editPost(post, text) {
  return attempt(() => askPatiently("PATCH", `/posts/${post.id}`, { text }));
}

export async function deletePost(post) {
  const text = post.reply_count
    ? "It and its replies will be deleted for everybody."
    : "It will be deleted for everybody.";
  if (!(await confirmed("Delete this post?", text, "Delete"))) return;
  await attempt(() => askPatiently("DELETE", `/posts/${post.id}`).catch(ignoreMissing));
}

export async function deleteFile({ id, name }) {
  if (!(await confirmed(`Delete ${name}?`, "It will be deleted for everybody.", "Delete"))) return;
  await attempt(() => askPatiently("DELETE", `/files/${id}`).catch(ignoreMissing));
}

function ignoreMissing(problem) {
  if (problem.status !== 404) throw problem;
}
