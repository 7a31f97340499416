/** The page to create an account: the first by the printed link, others with a join code. */

import { ask, newKey } from "/static/api.js";
import { find } from "/static/page/dom.js";
import { onSubmit } from "/static/page/forms.js";

const given = new URLSearchParams(location.hash.slice(1));
const [first, join] = [given.get("first"), given.get("join")];

const form = find("#register");
if (form) {
  find("#first-account").hidden = !first;
  find("#join-code-field").hidden = Boolean(first);
  if (join) {
    form.elements.join_code.value = join;
    find("#sign-in-link").href += `#join=${encodeURIComponent(join)}`;
  }
  onSubmit(form, async (values) => {
    if (first) Object.assign(values, { token: first, join_code: undefined });
    await ask("POST", "/users", values);
    location.assign("/board");
  });
}

const joinForm = find("#join");
if (joinForm) {
  joinForm.elements.join_code.value = join ?? "";
  onSubmit(joinForm, async (values) => {
    const group = await ask("POST", "/memberships", values, { key: newKey() });
    location.assign(`/board#group=${group.id}`);
  });
}
