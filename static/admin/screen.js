/**
 * What the pages of administrators have in common: times in the reader's own words, and a list that
 * is fetched anew whenever something was done, here or elsewhere.
 */

import { askAs } from "../api.js";
import { Live } from "../live.js";
import { find } from "../page/dom.js";
import { dateOfDay, minuteOf } from "../page/format.js";

const TOGETHER_MS = 300;
const place = find("#admin");
const user = Number(place.dataset.user);

let timer = 0;
let before = ""; // the HTML of the list, as it came

askAs(user);

/** Shows the list as the server makes it now; the focus stays where it is. */
export async function refresh() {
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok || response.redirected) return;
  const fetched = new DOMParser().parseFromString(await response.text(), "text/html");
  const list = find("#list", fetched);
  if (!list || list.innerHTML === before) return;
  before = list.innerHTML;
  const shown = find("#list");
  const focused = shown.contains(document.activeElement) && document.activeElement.id;
  shown.replaceChildren(...document.importNode(list, true).childNodes);
  sayTimes();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

/** Brings the focus back to what opened a dialog, in the list as it is now. */
export function focusOpener(id) {
  (document.getElementById(id) ?? find("#search")).focus({ preventScroll: true });
}

/** Follows what administrators do, and shows it. */
export function follow() {
  const live = new Live({ user });
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(refresh, TOGETHER_MS);
  };
  live.subscribe(JSON.parse(place.dataset.live), { event: soon, refetch: soon, revoked: soon });
  live.connect();
}

function sayTimes() {
  for (const time of document.querySelectorAll("time[data-moment]"))
    time.textContent = minuteOf(time.dateTime);
  for (const time of document.querySelectorAll("time[data-day]"))
    time.textContent = dateOfDay(time.dateTime);
}

before = find("#list")?.innerHTML ?? "";
sayTimes();
find(".tabs [aria-current]").scrollIntoView({ block: "nearest", inline: "center" });
