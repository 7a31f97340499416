/** Why nothing can be written in the open channel. */

import { fullyOf } from "../page/format.js";

/** @param {import("../page/context.js").Context} context */
export function whyReadOnly({ group, mutedUntil }) {
  if (group.archived) return "This group is archived: everything can be read, and nothing written.";
  if (mutedUntil)
    return `A moderator has muted you until ${fullyOf(mutedUntil)}. Until then you can read, but not write.`;
  return "Only moderators can post here. You can read and react.";
}
