/** The state of the live connection, in words, at the top of the board. */

import { find } from "./dom.js";

const TEXTS = {
  connecting: "Connecting…",
  again: "Catching up…", // connecting, after it was live
  live: "Live",
  offline: "Offline, trying again…",
  "signed out": "Signed out",
};
const STEADY_MS = 600; // a shorter attempt is not worth mentioning

let timer = 0;
let wasLive = false;

export function showConnection(state) {
  clearTimeout(timer);
  wasLive ||= state === "live";
  const say = () => {
    const pill = find("#connection");
    pill.dataset.state = document.body.dataset.connection = state;
    pill.textContent = TEXTS[state === "connecting" && wasLive ? "again" : state];
  };
  if (state === "connecting") timer = setTimeout(say, STEADY_MS);
  else say();
}
