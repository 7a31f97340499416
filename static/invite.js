/** The page with a join code, which shows another one as soon as there is another. */

import { askAs, askForAll } from "./api.js";
import { Live } from "./live.js";
import { find } from "./page/dom.js";
import { dateOf } from "./page/format.js";
import { LiveQuery } from "./page/live_query.js";

const invitation = find("#invitation");
const { group, user } = invitation.dataset;

function showDate(time) {
  time.textContent = dateOf(time.dateTime);
}

function follow() {
  askAs(Number(user));
  const live = new Live({ user: Number(user) });
  new LiveQuery(live, {
    fetch: (options) => askForAll(`/groups/${group}/applications`, "applications", options),
    show: () => {},
    event: ({ kind }) => kind.startsWith("code.") && location.reload(),
    revoked: () => location.reload(),
  });
  live.connect();
}

invitation.querySelectorAll("time").forEach(showDate);
find("#print")?.addEventListener("click", () => print());
find("#fill-screen")?.addEventListener("click", () => invitation.requestFullscreen());
find("#fill-screen")?.toggleAttribute("hidden", !document.fullscreenEnabled);
follow();
