/** What the buttons of a post do. */

import { askPatiently } from "/static/api.js";
import { attempt, confirmed } from "/static/page/dialogs.js";

export const actions = {
  react(post, emoji, on) {
    const path = `/posts/${post.id}/reactions/${encodeURIComponent(emoji)}`;
    return attempt(() => askPatiently(on ? "PUT" : "DELETE", path));
  },
  edit(post, text) {
    return attempt(() => askPatiently("PATCH", `/posts/${post.id}`, { text }));
  },
  async remove(post) {
    const replies = post.reply_count ? " Its replies go with it." : "";
    if (!(await confirmed("Delete this post?", `It is gone for everybody.${replies}`, "Delete")))
      return;
    await attempt(() => askPatiently("DELETE", `/posts/${post.id}`).catch(ignoreMissing));
  },
  async removeFile({ id, name }) {
    if (!(await confirmed(`Delete ${name}?`, "It is gone for everybody.", "Delete"))) return;
    await attempt(() => askPatiently("DELETE", `/files/${id}`).catch(ignoreMissing));
  },
};

function ignoreMissing(problem) {
  if (problem.status !== 404) throw problem;
}
