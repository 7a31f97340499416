/** The state of the server, which is looked at again while the page is seen. */

import { refresh } from "./screen.js";

const EVERY_MS = 10_000;

setInterval(() => {
  if (!document.hidden) refresh();
}, EVERY_MS);
