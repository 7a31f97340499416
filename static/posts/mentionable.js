/** Who may be named in a channel: those who may read it, but oneself. */

import { ask } from "/static/api.js";

const [A_PAGE, SHOWN] = [100, 8];

/** `context` as of a `PostView`; the username begins with the words, or the name contains them. */
export async function mentionable(words, { me, people, channel }, signal) {
  const { id, kind } = channel();
  const readers = new Set(people.all.map((member) => member.id));
  if (kind === "private") {
    const { member_ids: letIn } = await ask("GET", `/channels/${id}`, undefined, { signal });
    for (const reader of readers) if (!letIn.includes(reader)) readers.delete(reader);
  }
  readers.delete(me);
  const query = new URLSearchParams({ search: words, limit: A_PAGE });
  const found = [];
  let next = null;
  do {
    const page = await ask("GET", `/users?${query}`, undefined, { signal });
    found.push(...page.users.filter((user) => user.active && readers.has(user.id)));
    next = page.next;
    query.set("after", next);
  } while (next && found.length < SHOWN);
  return found.slice(0, SHOWN);
}
