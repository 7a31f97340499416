/** The page of one's own account. */

import { followAccess, listSessions, listTokens } from "./account/access.js";
import { followLook } from "./account/look.js";
import { followPicture, showPicture } from "./account/picture.js";
import { ask, askAs, askPatiently } from "./api.js";
import { Live } from "./live.js";
import { attempt, confirmed, notify } from "./page/dialogs.js";
import { find } from "./page/dom.js";
import { Export } from "./page/export.js";
import { changesOf, onSubmit } from "./page/forms.js";
import { uncover } from "./page/layers.js";
import "./page/passwords.js";

const page = find("#account-page");
const [profile, confirmation] = [find("#profile-form"), find("#confirm-email")];
const FIELDS = ["name", "username", "email"];

let filled = { email: null }; // what the fields show; until it was fetched, not the address

const user = Number(page.dataset.user);
const live = new Live({ user });

askAs(user);
followLook();
find("#own-export").append(new Export(live).element);
live.connect();
followPicture(show);
onSubmit(profile, async ({ email = null, ...values }) => {
  show(await ask("PATCH", "/me", changesOf(filled, { ...values, email })));
  notify("Your account has been changed.");
});
onSubmit(find("#password-form"), async (values) => {
  await ask("PUT", "/me/password", values);
  find("#password-form").reset();
  notify("Your password has been changed.");
  await Promise.all([listSessions(), listTokens()]);
});
confirmation?.addEventListener("click", () =>
  attempt(async () => {
    await ask("POST", "/me/email-confirmation");
    notify("A link is on its way to your address.");
  }),
);
onSubmit(find("#delete-form"), async () => {
  const text = "Nobody can bring it back, and nobody can have your username for a year.";
  if (!(await confirmed("Delete your account?", text, "Delete account"))) return;
  await ask("DELETE", "/me");
  uncover(() => location.replace("/"));
});
attempt(async () => {
  const [me] = await Promise.all([askPatiently("GET", "/me"), followAccess()]);
  show(me);
});

/** Shows the account, except for what is being typed. */
function show(me) {
  filled = me;
  showPicture(me);
  for (const name of FIELDS) {
    const field = profile.elements[name];
    if (document.activeElement !== field) field.value = me[name] ?? "";
  }
  find("#own-username").value = me.username;
  if (confirmation) confirmation.hidden = !me.email || me.email_confirmed;
  find("#email-state").textContent = stateOf(me);
}

function stateOf({ email, email_confirmed: isConfirmed }) {
  if (!email) return "Only you and the administrators of the server see it.";
  if (isConfirmed) return "You have confirmed this address: it helps you back in without a password.";
  if (!confirmation)
    return "This server sends no mails: if you forget your password, an administrator helps you.";
  return "You have not confirmed that this address is yours.";
}
