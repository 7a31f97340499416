/** Theme and size of the text on this device: `static/look.js` applies them on every page. */

import { storageOfBrowser } from "../live/storage.js";
import { attempt } from "../page/dialogs.js";
import { find } from "../page/dom.js";

const KEY = "homeroom-look";

const { theme, size } = find("#look-form").elements;
const storage = storageOfBrowser();

/** Shows what was chosen before, and keeps what is chosen now. */
export function followLook() {
  const kept = JSON.parse(storage.getItem(KEY)) ?? {};
  theme.value = kept.theme ?? "system";
  size.value = kept.size ?? "normal";
  find("#look-form").addEventListener("change", () => attempt(keep));
}

function keep() {
  storage.setItem(KEY, JSON.stringify({ theme: theme.value, size: size.value }));
  dispatchEvent(new Event("look"));
}
