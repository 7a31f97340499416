/** The page with a join code, which is made anew as soon as the code or the group is another. */

import { Live } from "./live.js";
import { find } from "./page/dom.js";
import { dateOf } from "./page/format.js";

const invitation = find("#invitation");

function showDate(time) {
  time.textContent = dateOf(time.dateTime);
}

function follow({ user, live: list }) {
  const live = new Live({ user: Number(user) });
  const again = () => location.reload();
  live.subscribe(JSON.parse(list), {
    event: ({ kind }) => /^(code|group)\./u.test(kind) && again(),
    refetch: again,
    revoked: again,
  });
  live.connect();
}

invitation.querySelectorAll("time").forEach(showDate);
find("#print")?.addEventListener("click", () => print());
find("#fill-screen")?.addEventListener("click", () => invitation.requestFullscreen());
find("#fill-screen")?.toggleAttribute("hidden", !document.fullscreenEnabled);
follow(invitation.dataset);
