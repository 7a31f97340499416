/** Mutes a member of a group. */

import { askPatiently } from "../api.js";

const AN_HOUR_MS = 3_600_000;

export function mute(groupId, memberId, hours) {
  const until = new Date(Date.now() + hours * AN_HOUR_MS).toISOString();
  return askPatiently("PUT", `/groups/${groupId}/members/${memberId}/mute`, { until });
}
