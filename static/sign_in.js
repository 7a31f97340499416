/** The page to sign in, which leads on to the group of a join code. */

import { ask } from "/static/api.js";
import { find } from "/static/page/dom.js";
import { onSubmit } from "/static/page/forms.js";

const join = new URLSearchParams(location.hash.slice(1)).get("join");
if (join) find("#register-link").href += `#join=${encodeURIComponent(join)}`;

onSubmit(find("#sign-in"), async (values) => {
  await ask("POST", "/sessions", values);
  location.assign(join ? `/register#join=${encodeURIComponent(join)}` : "/board");
});
