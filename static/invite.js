/** The page with a join code, which shows another one as soon as there is another. */

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
    event: ({ kind }) => kind.startsWith("code.") && again(),
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
