/** The end of one's own mute, which no event tells. */

const SOONEST_MS = 3_000; // this clock may be ahead of the server's
const LONGEST_MS = 2 ** 31 - 1; // that a timer takes

let timer = 0;

/**
 * Calls `act()` when you may write again in the open group.
 * @param {import("../page/context.js").Context} context
 */
export function whenMuteEnds({ mutedUntil }, act) {
  clearTimeout(timer);
  if (!mutedUntil) return;
  const left = new Date(mutedUntil) - Date.now();
  timer = setTimeout(act, Math.min(Math.max(left, SOONEST_MS), LONGEST_MS));
}
