/** How moments are written, in the reader's own language and time zone. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const A_DAY_MS = 86_400_000;

export const timeOf = (moment) => TIME.format(new Date(moment));
export const fullyOf = (moment) => FULL.format(new Date(moment));
export const dateOf = (moment) => DATE.format(new Date(moment));

export function dayOf(moment) {
  const day = new Date(moment).toDateString();
  if (day === new Date().toDateString()) return "Today";
  if (day === new Date(Date.now() - A_DAY_MS).toDateString()) return "Yesterday";
  return DAY.format(new Date(moment));
}
