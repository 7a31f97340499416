/** The page with a join code, which is loaded anew as soon as the code or the group changes. */

import { Live } from "./live.js";
import { find } from "./page/dom.js";
import { dateOf } from "./page/format.js";

const invitation = find("#invitation");

function showDate(time) {
  time.textContent = dateOf(time.dateTime);
}

function follow({ user, live: list }) {
  const again = () => location.reload();
  const live = new Live({
    user: Number(user),
    state: (name) => name === "signed out" && again(),
  });
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
