/** Says how the connection is. */

import { find } from "/static/page/dom.js";

const TEXTS = {
  connecting: "Connecting…",
  again: "Catching up…", // connecting, after it was live
  live: "Live",
  offline: "Offline, trying again…",
  "signed out": "Signed out",
};
const STEADY_MS = 600; // a short attempt in between is not worth saying

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
