/** How dates, sizes and names are written; dates and sizes in the reader's own language. */

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const DAY_OF_YEAR = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeZone: "UTC" });
const DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const LONG_DATE = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const MINUTE = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const LIST = new Intl.ListFormat("en-GB"); // the language of the pages
const A_DAY_MS = 86_400_000;
const EXCERPT_CHARS = 60;
const STEP = 1024; // as the server counts its limits
const DURATIONS = Object.entries({ hour: 3600, minute: 60, second: 1 });
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export const timeOf = (moment) => TIME.format(new Date(moment));
export const fullyOf = (moment) => FULL.format(new Date(moment));
export const dateOf = (moment) => DATE.format(new Date(moment));
export const longDateOf = (moment) => LONG_DATE.format(new Date(moment));
export const minuteOf = (moment) => MINUTE.format(new Date(moment));

/** A day without a time, such as "2026-11-27". */
export const dateOfDay = (day) => DAY_OF_YEAR.format(new Date(day));

export function dayOf(moment) {
  const day = new Date(moment).toDateString();
  if (day === new Date().toDateString()) return "Today";
  if (day === new Date(Date.now() - A_DAY_MS).toDateString()) return "Yesterday";
  return DAY.format(new Date(moment));
}

/** What there is room for in a list: the time of today, or else the date. */
export function shortlyOf(moment) {
  return dayOf(moment) === "Today" ? timeOf(moment) : dateOf(moment);
}

/** "30 seconds", "1 minute", "90 minutes" */
export function durationOf(seconds) {
  const [unit, length] = DURATIONS.find(([, of]) => seconds % of === 0);
  const style = { style: "unit", unit, unitDisplay: "long" };
  return new Intl.NumberFormat("en-GB", style).format(seconds / length);
}

/** "512 bytes", "1.5 MB" */
export function sizeOf(bytes) {
  const steps = Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(STEP));
  const step = Math.min(UNITS.length - 1, steps);
  const digits = { maximumFractionDigits: step > 1 ? 1 : 0 };
  const unit = { style: "unit", unit: UNITS[step], unitDisplay: step ? "short" : "long" };
  return new Intl.NumberFormat(undefined, { ...unit, ...digits }).format(bytes / STEP ** step);
}

export const personName = (person) => person?.name ?? "Somebody who left";

/** The beginning of a text, in quotes. */
export const excerptOf = (text) => {
  const [whole, begin] = [text.trim(), [...text.trim()].slice(0, EXCERPT_CHARS).join("").trim()];
  return `“${begin}${begin === whole ? "" : "…"}”`;
};

/** "Ann", "Ann and Bob", "Ann, Bob and Mia" */
export const listOf = (names) => LIST.format(names);
