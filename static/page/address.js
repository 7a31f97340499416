/**
 * Addresses on the board: `#group=1&channel=2`, with `&post=3` or `&post=3&reply=4` a post, and with
 * `&scores=snake` the scores of a game.
 */

export function addressOf({ groupId, channelId, postId, replyId }) {
  const ids = { group: groupId, channel: channelId, post: postId, reply: replyId };
  const given = Object.entries(ids).filter(([, id]) => id);
  return `#${new URLSearchParams(given)}`;
}

/** The address of a post, from the fields of a mention; a reply is shown beside its parent. */
export function addressOfPost({ group_id, channel_id, post_id, parent_id }) {
  const post = parent_id ? { postId: parent_id, replyId: post_id } : { postId: post_id };
  return addressOf({ groupId: group_id, channelId: channel_id, ...post });
}

/** What an address names: ids, of which the others are 0, and a game or null. */
export function placeOf(address) {
  const given = new URLSearchParams(address.slice(1));
  const [groupId, channelId, postId, replyId] = ["group", "channel", "post", "reply"].map(
    (name) => Number(given.get(name)) || 0,
  );
  return { groupId, channelId, postId, replyId, game: given.get("scores") };
}
