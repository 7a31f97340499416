/** The dialog that tells somebody that those who moderate a group have warned her. */

import { addressOfPost } from "../page/address.js";
import { find } from "../page/dom.js";

/** `post` has the ids of the post that it is about; that of the post is null if it is gone. */
export function showWarning(post, groups) {
  const name = groups.find(post.group_id)?.name ?? "A group";
  const link = find("#warned-post");
  find("#warned-text").textContent =
    `Those who moderate ${name} have warned you about something that you wrote there.`;
  link.closest(".verbs").hidden = post.post_id === null;
  link.href = addressOfPost(post);
  find("#warned-dialog").showModal();
}

find("#warned-post").addEventListener("click", () => find("#warned-dialog").close());
