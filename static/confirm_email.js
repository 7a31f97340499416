/** The page that confirms an address, when a person says so: programs open links in mails, too. */

import { ask } from "./api.js";
import { find } from "./page/dom.js";
import { onSubmit } from "./page/forms.js";
import { tokenOfLink } from "./page/links.js";

const form = find("#confirm");

function show({ isConfirmed = false, isDead = false } = {}) {
  find("#question").hidden = form.hidden = isConfirmed || isDead;
  find("#confirmed").hidden = !isConfirmed;
  find("#dead-link").hidden = !isDead;
}

onSubmit(form, async () => {
  try {
    await ask("PUT", "/email-confirmations", { token: tokenOfLink() });
    show({ isConfirmed: true });
  } catch (problem) {
    if (!problem.fields?.token) throw problem;
    show({ isDead: true });
  }
});

addEventListener("hashchange", () => show({ isDead: !tokenOfLink() }));
show({ isDead: !tokenOfLink() });
