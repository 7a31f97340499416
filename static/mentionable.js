/** Who may be named in a channel: those who may read it, but oneself. */

import { ask } from "/static/api.js";

const [ASKED, SHOWN] = [100, 8];

/** `context` as of a `PostView`; the username begins with the words, or the name contains them. */
export async function mentionable(words, { me, people, channel }, signal) {
  const { id, kind } = channel();
  const query = new URLSearchParams({ search: words, limit: ASKED });
  const { users } = await ask("GET", `/users?${query}`, undefined, { signal });
  const readers = new Set(people.all.map((member) => member.id));
  if (kind === "private") {
    const { member_ids: letIn } = await ask("GET", `/channels/${id}`, undefined, { signal });
    for (const reader of readers) if (!letIn.includes(reader)) readers.delete(reader);
  }
  readers.delete(me);
  return users.filter((user) => user.active && readers.has(user.id)).slice(0, SHOWN);
}
