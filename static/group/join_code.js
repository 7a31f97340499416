/** The join code of a group, as moderators see it: to be passed on, changed, replaced, withdrawn. */

import { ask, askPatiently } from "../api.js";
import { attempt, confirmed, copy, onClick } from "../page/dialogs.js";
import { find } from "../page/dom.js";
import { dateOf } from "../page/format.js";
import { clearProblems, onSubmit } from "../page/forms.js";
import { isForThisMachineOnly } from "../page/links.js";
import { LiveQuery } from "../page/live_query.js";
import { followActs } from "./moderation.js";

const NEVER = "never";
const ENTERS = { code: "Whoever has it is in at once", approval: "You let in each who enters it" };

export class JoinCode {
  #context;
  #groupId = null;
  #query = null;
  #form = find("#code-form");
  #shown = null; // as it was answered

  /** @param {import("../page/context.js").Context} context */
  constructor(context) {
    this.#context = context;
    onClick("#make-code", () => this.#make());
    find("#replace-code").addEventListener("click", () => this.#replace());
    find("#withdraw-code").addEventListener("click", () => this.#withdraw());
    find("#change-code").addEventListener("click", () => this.#showForm(this.#form.hidden));
    onSubmit(this.#form, (values) => this.#change(values));
    for (const what of ["code", "link"]) {
      const output = find(what === "code" ? "#code" : "#code-link");
      const copying = find(`#copy-${what}`);
      copying.addEventListener("click", () => copy(output.value, copying));
    }
  }

  /** Shows the code of the open group. */
  open() {
    this.#groupId = this.#context.group.id;
    this.#hide();
    this.#query = new LiveQuery(this.#context.live, {
      fetch: (options) => this.#fetch(options),
      show: ({ code }) => this.#show(code),
      event: ({ kind }) => kind.startsWith("code.") && this.#query.load(),
    });
  }

  close() {
    this.#query?.end();
    this.#hide();
  }

  get #path() {
    return `/groups/${this.#groupId}/join-code`;
  }

  /** Promises the code, or null, with a cursor from before. */
  async #fetch(options) {
    const live = await followActs(this.#groupId, options);
    const code = await askPatiently("GET", this.#path, undefined, options).catch((problem) => {
      if (problem.status !== 404) throw problem;
      return null;
    });
    return { code, live };
  }

  #hide() {
    this.#showForm(false);
    for (const id of ["#made-code", "#make-code"]) find(id).hidden = true;
  }

  #show(found) {
    this.#shown = found;
    find("#make-code").hidden = found !== null;
    find("#made-code").hidden = found === null;
    if (!found) return this.#showForm(false);
    const { join_code: code, addresses } = found;
    const isHere = isForThisMachineOnly(location);
    for (const shown of document.querySelectorAll("#made-code .code")) shown.hidden = !code;
    find("#code").value = code ?? "";
    find("#code-link").value = `${addresses[0] ?? location.origin}/register#join=${code}`;
    find("#code-unreadable").hidden = Boolean(code);
    find("#show-code").hidden = !code;
    find("#show-code").href = `/groups/${this.#groupId}/invite`;
    find("#own-address").textContent = location.host;
    find("#addresses").textContent = addresses.join(" or ");
    find("#code-for-others").hidden = !isHere || !addresses.length;
    find("#code-for-nobody").hidden = !isHere || addresses.length > 0;
    find("#code-hint").textContent = aboutCode(found);
    this.#fill(found);
  }

  #showForm(isShown) {
    clearProblems(this.#form);
    this.#form.hidden = !isShown;
    find("#change-code").ariaExpanded = `${isShown}`;
  }

  /** Puts what the code is like into the form, unless somebody is filling it in. */
  #fill({ expires_at: end, max_uses: most, admission }) {
    if (!this.#form.hidden) return;
    const { expires_in_days: lasts, max_uses: uses, admission: enters } = this.#form.elements;
    lasts.options[0].textContent = end ? `As it is: until ${dateOf(end)}` : "As it is: for ever";
    lasts.value = "";
    uses.value = most ?? "";
    enters.value = admission;
  }

  async #make(rules = {}) {
    await ask("POST", this.#path, rules);
    await this.#query.load();
    find("#copy-link").focus();
  }

  async #change({ expires_in_days: lasts, max_uses: uses, admission }) {
    const changes = { admission, max_uses: uses ? Number(uses) : null };
    if (lasts) changes.expires_in_days = lasts === NEVER ? null : Number(lasts);
    await askPatiently("PATCH", this.#path, changes);
    this.#showForm(false);
    await this.#query.load();
    find("#change-code").focus();
  }

  async #replace() {
    const text =
      "The one that you have now will let in nobody any more. The rules stay as they are.";
    if (!(await confirmed("Make a new code?", text, "Make a new code"))) return;
    const { admission, max_uses, expires_at: end } = this.#shown;
    const lasts = end ? {} : { expires_in_days: null };
    await attempt(() => this.#make({ admission, max_uses, ...lasts }));
  }

  async #withdraw() {
    const text = "Nobody can join by it any more. Whoever is in the group stays.";
    if (!(await confirmed("Withdraw the code?", text, "Withdraw"))) return;
    if (!(await attempt(() => ask("DELETE", this.#path)))) return;
    await this.#query.load();
    find("#make-code").focus();
  }
}

/** "Whoever has it is in at once, until 24 Dec 2026. Used 3 times, of 30 at most." */
function aboutCode({ admission, expires_at: end, max_uses: most, uses }) {
  const lasts = end ? `until ${dateOf(end)}` : "for ever";
  if (end && new Date(end) < new Date()) return `It expired on ${dateOf(end)}.`;
  if (most && uses >= most) return "It has been used as often as it may be.";
  const used = uses === 1 ? "Used once" : uses ? `Used ${uses} times` : "Not used yet";
  return `${ENTERS[admission]}, ${lasts}. ${used}${most ? `, of ${most} at most` : ""}.`;
}
