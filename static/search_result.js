/** One post that was found: who wrote it where, and where it matches. */

import { dateOf, fullyOf, timeOf } from "/static/page/format.js";
import { avatar, make } from "/static/page/dom.js";

/** `names(channelId, groupId)` promises what they are called. */
export function resultView({ post, group_id: groupId, snippet }, names) {
  const where = make("span", { className: "result-where" });
  names(post.channel_id, groupId).then((name) => (where.textContent = name && ` · ${name}`));
  const author = make("strong", {}, post.author?.name ?? "Somebody who left");
  const moment = `${dateOf(post.created_at)}, ${timeOf(post.created_at)}`;
  const time = make("time", { title: fullyOf(post.created_at) }, moment);
  time.dateTime = post.created_at;
  const kind = post.parent ? make("span", { className: "badge" }, "reply") : null;
  const text = make("p", { className: "result-text" }, ...snippet.map(partView));
  const meta = make("p", { className: "result-meta" }, author, " ", time, " ", kind, where);
  return make(
    "li",
    { className: "result", id: `result-${post.id}`, role: "option" },
    avatar(post.author),
    make("div", {}, meta, text),
  );
}

function partView({ text, is_match: isMatch }) {
  return isMatch ? make("mark", {}, text) : text;
}
