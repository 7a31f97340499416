/** Who acts in one's name: browsers in which one is signed in, and programs with a token. */

import { ask, askForAll } from "../api.js";
import { attempt, confirmed, copy, onClick } from "../page/dialogs.js";
import { button, find, make } from "../page/dom.js";
import { dateOf } from "../page/format.js";
import { onSubmit } from "../page/forms.js";
import { Rows } from "../page/rows.js";

const BROWSERS = ["Edg", "OPR", "Firefox", "Chrome", "Safari"];
const SYSTEMS = ["Android", "iPhone", "iPad", "Windows", "Mac OS", "CrOS", "Linux"];

const shownSessions = new Rows(find("#sessions"), { beside: find("#signed-in") });
const shownTokens = new Rows(find("#tokens"), { beside: find("#programs") });
const [tokenForm, made, secret] = [find("#token-form"), find("#made-token"), find("#token")];

/** Lists both, and does what their buttons and the form of a new token say. */
export async function followAccess() {
  onClick("#sign-out-elsewhere", async () => {
    await ask("DELETE", "/sessions");
    await listSessions();
  });
  find("#copy-token").addEventListener("click", ({ target }) => copy(secret.value, target));
  onSubmit(tokenForm, makeToken);
  await Promise.all([listSessions(), listTokens()]);
}

export async function listSessions() {
  const { sessions, current_id: current } = await askForAll("/sessions", "sessions");
  find("#sign-out-elsewhere").hidden = sessions.length < 2;
  shownSessions.show(sessions.map(withLooks), (session) => {
    const [name, isHere] = [nameOf(session.agent), session.id === current];
    const facts = [`since ${dateOf(session.created_at)}`, ...usesOf(session)];
    if (isHere) return rowOf(name, ["this browser", ...facts]);
    return rowOf(name, facts, "Sign out", () => ask("DELETE", `/sessions/${session.id}`));
  });
}

export async function listTokens() {
  const { tokens } = await askForAll("/tokens", "tokens");
  find("#no-tokens").hidden = tokens.length > 0;
  shownTokens.show(tokens.map(withLooks), ({ id, name, scope, ...token }) => {
    const until = dateOf(token.expires_at);
    const facts = [
      scope === "read" ? "reads" : "reads and writes",
      `made ${dateOf(token.created_at)}`,
      ...(token.used_at ? usesOf(token) : ["never used"]),
      token.prolonged ? `ends ${until} if it is not used` : `ends ${until}`,
    ];
    const question = "A program that uses it cannot do anything any more.";
    return rowOf(name, facts, "Revoke", async () => {
      const isSure = await confirmed(`Revoke “${name}”?`, question, "Revoke");
      if (isSure) await ask("DELETE", `/tokens/${id}`);
    });
  });
}

async function makeToken({ expires_in_days: days, ...values }) {
  const limit = days ? { expires_in_days: Number(days) } : {};
  const { token } = await ask("POST", "/tokens", { ...values, ...limit });
  tokenForm.reset();
  secret.value = token;
  const tried = `curl -H "Authorization: Bearer ${token}" ${location.origin}/api/groups`;
  find("#token-tried").textContent = tried;
  made.hidden = false;
  made.focus();
  await listTokens();
}

const withLooks = (thing) => ({ ...thing, looks: JSON.stringify(thing) });

/** A row of either list; `end()` does what its button says. */
function rowOf(name, facts, verb = null, end = null) {
  const hint = make("span", { className: "hint" }, facts.join(" · "));
  const row = make("li", {}, make("span", { className: "person" }, name, hint));
  if (verb) row.append(button(verb, act, { className: "quiet", "aria-label": `${verb} ${name}` }));
  return row;

  function act() {
    attempt(async () => {
      await end();
      await (verb === "Revoke" ? listTokens() : listSessions());
    });
  }
}

/** When and from where it was used last; the server notes the day. */
function usesOf({ used_at: at, address }) {
  if (!at) return [];
  return [`last used ${dateOf(at)}${address ? ` from ${address}` : ""}`];
}

/** "Firefox on Windows", from the `User-Agent` of a session. */
function nameOf(agent) {
  const browser = BROWSERS.find((name) => agent.includes(`${name}/`));
  const system = SYSTEMS.find((name) => agent.includes(name));
  if (!browser) return agent.slice(0, 40) || "Another program";
  const known = { Edg: "Edge", OPR: "Opera" }[browser] ?? browser;
  return system ? `${known} on ${system.replace("CrOS", "ChromeOS")}` : known;
}
