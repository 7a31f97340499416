/** Slow mode, as those who write in a channel are told of it. */

import { durationOf } from "../page/format.js";

/**
 * Says in the composers how often one may post in the open channel.
 * @param {import("../page/context.js").Context} context
 */
export function showSlowMode({ channel, mayModerate }) {
  const seconds = mayModerate ? 0 : channel.seconds_between_posts;
  for (const said of document.querySelectorAll(".composer .slow-mode")) {
    said.hidden = !seconds;
    said.textContent = seconds
      ? `Slow mode: you can post once in ${durationOf(seconds)}. What you send sooner waits its turn.`
      : "";
  }
}
