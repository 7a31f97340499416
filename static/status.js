/** Says how the connection is. */

import { find } from "/static/dom.js";

const TEXTS = {
  connecting: "Connecting…",
  live: "Live",
  offline: "Offline, trying again…",
  "signed out": "Signed out",
};
const STEADY_MS = 600; // a short attempt in between is not worth saying

let timer = 0;

export function showConnection(state) {
  clearTimeout(timer);
  const say = () => {
    const pill = find("#connection");
    pill.dataset.state = state;
    pill.textContent = TEXTS[state];
  };
  if (state === "connecting") timer = setTimeout(say, STEADY_MS);
  else say();
}
