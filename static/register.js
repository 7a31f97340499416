/** The page to create an account: the first by the printed link, others with a join code. */

import { ask, newKey } from "./api.js";
import { find } from "./page/dom.js";
import { clearProblems, focusFirst, onSubmit } from "./page/forms.js";
import "./page/passwords.js";

const [form, joinForm] = [find("#register"), find("#join")]; // the latter for who is signed in
const noAccount = find("#no-account"); // says so, while the server has none

/** What the address gives: the token of the printed link, or a join code. */
function given() {
  const values = new URLSearchParams(location.hash.slice(1));
  return { first: values.get("first"), join: values.get("join") };
}

/** Shows what the link is for that was opened last, perhaps in a tab that was here already. */
function show() {
  const { first, join } = given();
  const shown = form ?? joinForm;
  find("#first-is-made").hidden = !first || noAccount !== null;
  if (form) showRegistration(first);
  if (join) shown.elements.join_code.value = join;
  clearProblems(shown);
  focusFirst(shown);
}

function showRegistration(first) {
  const isFirst = Boolean(first) && noAccount !== null;
  if (noAccount) noAccount.hidden = isFirst;
  form.hidden = noAccount !== null && !isFirst;
  find("#first-account").hidden = !isFirst;
  find("#join-code-field").hidden = isFirst;
  find("#sign-in-link").href = `/sign-in${location.hash}`;
}

if (form) {
  onSubmit(form, async (values) => {
    if (noAccount) Object.assign(values, { token: given().first, join_code: undefined });
    await ask("POST", "/users", values);
    location.assign("/board");
  });
}

if (joinForm) {
  onSubmit(joinForm, async (values) => {
    const group = await ask("POST", "/memberships", values, { key: newKey() });
    const isWaiting = group.status === "waiting";
    location.assign(isWaiting ? "/board" : `/board#group=${group.id}`);
  });
}

addEventListener("hashchange", show);
show();
