/** The page to sign in, which leads on to where one was going: a post, or the group of a code. */

import { ask } from "./api.js";
import { find } from "./page/dom.js";
import { focusFirst, onSubmit } from "./page/forms.js";
import "./page/passwords.js";

const form = find("#sign-in");

function destination() {
  const isJoining = new URLSearchParams(location.hash.slice(1)).has("join");
  return (isJoining ? "/register" : "/board") + location.hash;
}

function show() {
  find("#register-link").href = `/register${location.hash}`;
  find("#board-link")?.setAttribute("href", destination());
}

onSubmit(form, async (values) => {
  await ask("POST", "/sessions", values);
  location.assign(destination());
});
addEventListener("hashchange", show);
show();
focusFirst(form);
