/** What the record of a group says, in plain sentences. */

import { fullyOf, listOf } from "../page/format.js";

const SENTENCES = {
  "member.removed": ({ by, person }) => `${by} removed ${person}.`,
  "member.banned": ({ by, person }) => `${by} banned ${person}.`,
  "member.unbanned": ({ by, person }) => `${by} lifted the ban of ${person}.`,
  "member.muted": ({ by, person, details: { until } }) =>
    `${by} muted ${person}${until ? ` until ${fullyOf(until)}` : ""}.`,
  "member.unmuted": ({ by, person }) => `${by} let ${person} write again.`,
  "role.changed": ({ by, person, details: { role } }) =>
    role ? `${by} made ${person} ${ROLES[role] ?? role}.` : `${by} changed the role of ${person}.`,
  "code.made": ({ by }) => `${by} made a join code.`,
  "code.changed": ({ by }) => `${by} changed the join code.`,
  "code.withdrawn": ({ by }) => `${by} withdrew the join code.`,
  "application.accepted": ({ by, person }) => `${by} let ${person} in.`,
  "application.refused": ({ by, person }) => `${by} did not let ${person} in.`,
  "group.edited": ({ by, details: { fields = [] } }) =>
    `${by} changed ${listOf(fields.map((field) => `the ${field}`))} of the group.`,
  "group.archived": ({ by }) => `${by} archived the group.`,
  "group.unarchived": ({ by }) => `${by} took the group out of the archive.`,
  "channel.created": ({ by, channel }) => `${by} created ${channel}.`,
  "channel.edited": ({ by, channel }) => `${by} changed ${channel}.`,
  "channel.opened": ({ by, channel }) => `${by} opened ${channel}, and all that was written in it.`,
  "channel.deleted": ({ by }) => `${by} deleted a channel.`,
  "post.deleted": ({ by, person, channel }) => `${by} deleted a post by ${person} in ${channel}.`,
  "post.pinned": ({ by, channel }) => `${by} pinned a post in ${channel}.`,
  "post.unpinned": ({ by, channel }) => `${by} unpinned a post in ${channel}.`,
  "document.deleted": ({ by, channel }) => `${by} deleted a document in ${channel}.`,
  "score.deleted": ({ by, person, channel }) => `${by} deleted a score of ${person} in ${channel}.`,
  "report.settled": ({ by, person, details: { outcome } }) =>
    `${by} ${SETTLED[outcome] ?? "settled"} a report about ${person}.`,
  "slow_mode.set": ({ by, channel, details: { seconds } }) =>
    seconds ? `${by} made ${channel} slower.` : `${by} let ${channel} be as fast as before.`,
  "roster.enrolled": ({ by, details: { count } }) =>
    `${by} enrolled ${count === 1 ? "somebody" : `${count} people`} from a list.`,
  "export.made": ({ by }) => `${by} made an export of the group.`,
  "link.made": ({ by, person, details: { purpose } }) =>
    purpose === "claim"
      ? `${by} made a new slip for ${person}.`
      : `${by} made a link for ${person} to get back in.`,
  "link.used": ({ person, details: { purpose } }) =>
    purpose === "claim"
      ? `${person} took the account that was made from a list.`
      : `${person} came back in by a link.`,
  "group.entered": ({ by }) => `${by}, who runs the server, joined the group.`,
  "owner.given": ({ by, person }) => `${by} made ${person} an owner of the group.`,
};
const SETTLED = {
  dismissed: "dismissed",
  deleted: "deleted a post after",
  warned: "gave a warning after",
};
const ROLES = { owner: "an owner", moderator: "a moderator", member: "a member" };

/**
 * @param {object} act
 * @param {(id: number|null) => string} nameOf what a person is called
 * @param {(id: number) => string|null} channelOf what a channel is called; null if that is not known
 */
export function sentenceOf(act, nameOf, channelOf) {
  const { kind, by_id: byId, via, person_id: personId, subject, details } = act;
  const isCommand = byId === null && via === "command";
  const by = isCommand ? "Whoever runs the server" : nameOf(byId);
  const name = channelOf(channelIn(subject, details));
  const channel = name === null ? "a channel" : `the channel ${name}`;
  const say = SENTENCES[kind] ?? (() => `${by}: ${kind}.`);
  return say({ by, person: nameOf(personId), channel, details });
}

function channelIn(subject, details) {
  const [noun, id] = (subject ?? "").split(":");
  return noun === "channel" ? Number(id) : (details.channel_id ?? null);
}
