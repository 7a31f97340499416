/** Makes a link by which somebody sets a new password, and shows it this once (reset_link.html). */

import { ask } from "../api.js";
import { copy } from "./dialogs.js";
import { find, onClosed } from "./dom.js";
import { fullyOf } from "./format.js";
import { addressOfLink, isForThisMachineOnly } from "./links.js";

const dialog = find("#reset-link");
const [shown, picture, copying] = ["#reset-link-address", "#reset-link-qr", "#copy-reset-link"].map(
  (id) => find(id),
);

/** Promises that a link was made and is shown. Refused is whoever may not make one. */
export async function showResetLink({ id, name }) {
  const made = await ask("POST", `/users/${id}/reset-links`);
  const address = addressOfLink(made.link, made.addresses);
  const drawn = await ask("POST", "/qr-codes", { texts: [address.href] }).catch(() => null);
  find("#reset-link-title").textContent = `A link for ${name}`;
  find("#reset-link-until").textContent = fullyOf(made.expires_at);
  find("#reset-link-for-nobody").hidden = !isForThisMachineOnly(address);
  shown.textContent = address.href;
  picture.hidden = !drawn;
  if (drawn) [picture.src] = drawn.qr_codes;
  dialog.showModal();
}

copying.addEventListener("click", () => copy(shown.textContent, copying));
onClosed(dialog, () => {
  shown.textContent = "";
  picture.removeAttribute("src");
});
