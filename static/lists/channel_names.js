/** The names of channels and their groups, also of those that are not in the lists. */

import { ask } from "../api.js";

const A_MINUTE_MS = 60_000; // a channel may be renamed

/** A function that promises the names of a channel and its group: "general · Class". */
export function channelNames(groups, channels) {
  const elsewhere = new Map(); // promises by the id of the channel
  return async (channelId, groupId) => {
    const group = groups.find(groupId)?.name;
    if (!channels.find(channelId) && !elsewhere.has(channelId)) {
      const asked = ask("GET", `/channels/${channelId}`).catch(() => null);
      elsewhere.set(channelId, asked);
      setTimeout(() => elsewhere.delete(channelId), A_MINUTE_MS);
    }
    const channel = channels.find(channelId) ?? (await elsewhere.get(channelId));
    if (!channel) elsewhere.delete(channelId);
    return [channel?.name, group].filter(Boolean).join(" · ");
  };
}
