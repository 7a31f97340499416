/** What channels and their groups are called, also those that are not open. */

import { ask } from "/static/api.js";

const A_MINUTE_MS = 60_000; // a channel may be renamed

/** `groups` and `channels` are the lists on the page. */
export function channelNames(groups, channels) {
  const elsewhere = new Map(); // by the channel's id
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
