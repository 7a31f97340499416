/** The page that sets a password by a link, or says how to get one. */

import { ask, askPatiently } from "./api.js";
import { find } from "./page/dom.js";
import { clearProblems, focusFirst, onSubmit } from "./page/forms.js";
import { tokenOfLink } from "./page/links.js";
import "./page/passwords.js";

const [form, asking] = [find("#new-password"), find("#ask")]; // the latter where there is mail

/** Shows whose password the link sets that was opened last, perhaps in a tab that was here already. */
async function show() {
  const token = tokenOfLink();
  let [account, unknown] = [null, ""];
  try {
    account = token && (await askPatiently("POST", "/account-links", { token }));
  } catch (problem) {
    if (!problem.fields.token) unknown = problem.message;
  }
  find("#unknown").hidden = !unknown;
  find("#unknown").textContent = unknown;
  find("#by-link").hidden = !account;
  find("#without-link").hidden = Boolean(account || unknown);
  find("#dead-link").hidden = !token;
  if (account) showAccount(account);
  const shown = account ? form : asking;
  if (!shown) return;
  clearProblems(shown);
  focusFirst(shown);
}

function showAccount({ purpose, username, name }) {
  const isClaim = purpose === "claim";
  find("#reset-heading").textContent = isClaim ? "Welcome" : "New password";
  find("#claim-note").hidden = !isClaim;
  find("#reset-note").hidden = isClaim;
  for (const place of document.querySelectorAll("[data-name]")) place.textContent = name;
  find("#username").value = username;
  const { visitor } = form.dataset;
  if (visitor) find("#other-note").hidden = visitor === username;
}

onSubmit(form, async ({ password }) => {
  let username;
  try {
    ({ username } = await ask("PUT", "/password-resets", { token: tokenOfLink(), password }));
  } catch (problem) {
    if (!problem.fields?.token) throw problem;
    await show();
    return;
  }
  const isIn = await ask("POST", "/sessions", { username, password }).catch(() => null);
  location.replace(isIn ? "/board" : "/sign-in"); // no way back to a link that is used
});

if (asking) {
  onSubmit(asking, async (values) => {
    await ask("POST", "/password-resets", values);
    asking.hidden = true;
    find("#asked").hidden = false;
  });
}

addEventListener("hashchange", show);
show();
