/**
 * How much room is left in a field: nothing that is typed or pasted is cut. A field says with
 * `data-most-chars` how many characters the server takes. Near that it is said how many are left,
 * and beyond it how many are too many.
 */

import { make } from "./dom.js";

const PAIRS = /[\u{10000}-\u{10ffff}]/gu; // two units in JavaScript, one character for the server
const [NEAR_SHARE, NEAR_CHARS] = [0.1, 200];
const NUMBER = new Intl.NumberFormat();

const rooms = new WeakMap(); // where it is said, by the field

/** Says how much room is left in a field whose text was not typed. */
export function showRoom(field) {
  const [most, left] = roomIn(field);
  const isNear = left < Math.min(most * NEAR_SHARE, NEAR_CHARS);
  if (!isNear && !rooms.has(field)) return;
  const room = roomOf(field);
  room.textContent = isNear ? sentenceOf(most, left) : "";
  room.classList.toggle("over", left < 0);
  room.role = "status";
}

/** Whether the text of a field is short enough; if it is not, that is said. */
export function fits(field) {
  const [most, left] = roomIn(field);
  if (left >= 0) return true;
  const room = roomOf(field);
  room.role = "alert";
  room.textContent = `Too long: ${sentenceOf(most, left)}`;
  field.focus();
  return false;
}

/** How many characters a field takes, and how many more than there are. */
function roomIn(field) {
  const most = Number(field.dataset.mostChars);
  const { length } = field.value;
  return [most, most - length + (field.value.match(PAIRS)?.length ?? 0)];
}

function roomOf(field) {
  if (!rooms.has(field)) {
    rooms.set(field, make("p", { className: "room" }));
    field.after(rooms.get(field));
  }
  return rooms.get(field);
}

function sentenceOf(most, left) {
  const characters = Math.abs(left) === 1 ? "character" : "characters";
  if (left >= 0) return `${NUMBER.format(left)} ${characters} left`;
  return `${NUMBER.format(-left)} ${characters} too many, ${NUMBER.format(most)} fit.`;
}

const isBounded = (field) => field.dataset?.mostChars;
addEventListener("input", ({ target }) => isBounded(target) && showRoom(target));
addEventListener("reset", ({ target }) => {
  queueMicrotask(() => [...target.elements].filter(isBounded).forEach(showRoom));
});
