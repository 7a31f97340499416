/**
 * What the pages of administrators have in common: times in the reader's own words, and a list that
 * is fetched anew whenever something was done, here or elsewhere.
 */

import { askAs } from "../api.js";
import { Live } from "../live.js";
import { find } from "../page/dom.js";
import { dateOfDay, minuteOf } from "../page/format.js";

const TOGETHER_MS = 300;
const AGAIN_MS = 1_000; // while the server is away
const ANSWER_WITHIN_MS = 20_000; // a network that has frozen never says that it lost a request
const place = find("#admin");
const user = Number(place.dataset.user);

let timer = 0;
let shown = Promise.resolve(); // the list that was asked for last
let next = null; // a promise, if another one is to be asked for after that
let before = ""; // the HTML of the list, as it came

askAs(user);

/**
 * Shows the list as the server makes it now, one answer after the other; again in a while if the
 * server is away. The focus stays where it is.
 */
export function refresh() {
  return (next ??= shown.then(loadNext, loadNext));
}

function loadNext() {
  next = null;
  return (shown = load());
}

async function load() {
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const answer = await fetch(location.href, { signal }).catch(() => null);
  const html = await answer?.text().catch(() => null);
  if (!html || answer.status === 429 || answer.status >= 500) refreshIn(AGAIN_MS);
  else if (answer.ok && !answer.redirected) show(html);
}

function refreshIn(ms) {
  clearTimeout(timer);
  timer = setTimeout(refresh, ms);
}

function show(html) {
  const fetched = new DOMParser().parseFromString(html, "text/html");
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
  const again = () => location.reload();
  const live = new Live({ user, state: (name) => name === "signed out" && again() });
  const event = () => refreshIn(TOGETHER_MS);
  live.subscribe(JSON.parse(place.dataset.live), { event, refetch: again, revoked: again });
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
