/** The dialog with the reports of the group: what was written, and what can be done about it. */

import { askPatiently } from "../api.js";
import { addressOfPost } from "../page/address.js";
import { attempt, confirmed, notify } from "../page/dialogs.js";
import { avatar, button, find, make, time } from "../page/dom.js";
import { dateOf, listOf, personName, shortlyOf } from "../page/format.js";
import { visit } from "../page/layers.js";
import { Rows } from "../page/rows.js";
import { formatted } from "../posts/formatted.js";
import { mute } from "./mute.js";
import { outranks } from "./roles.js";

const MUTES_H = { "for an hour": 1, "for a day": 24, "for a week": 168 };
const OUTCOMES = { dismissed: "Dismissed", deleted: "The post was deleted", warned: "Warned" };
const WARNING = "The author is told that this post is not all right, and not who has reported it.";

export class ReportsDialog {
  #context;
  #reports;
  #nameOf;
  #dialog = find("#reports-dialog");
  #rows = new Rows(find("#reports"), { beside: find("#reports-title") });
  #settled = []; // where those are shown

  /**
   * `nameOf(channelId)` promises what a channel is called.
   * @param {import("../page/context.js").Context} context
   * @param {import("./reports.js").Reports} reports
   */
  constructor(context, reports, nameOf) {
    this.#context = context;
    this.#reports = reports;
    this.#nameOf = nameOf;
    find("#show-settled").addEventListener("change", () => this.#load());
    for (const shown of [reports, context.people])
      shown.addEventListener("changed", () => this.#show());
    reports.addEventListener("changed", () => this.#isSettledShown && this.#load());
  }

  get #isSettledShown() {
    return this.#dialog.open && find("#show-settled").checked;
  }

  open() {
    find("#show-settled").checked = false;
    this.#dialog.showModal();
    this.#reports.load();
    this.#show();
  }

  async #load() {
    if (this.#isSettledShown)
      await attempt(async () => (this.#settled = await this.#reports.settled()));
    this.#show();
  }

  #show() {
    const { newest } = this.#reports;
    const { group, mayModerate } = this.#context;
    if (!mayModerate) this.#dialog.close();
    if (!this.#dialog.open) return;
    const shown = this.#isSettledShown ? this.#settled : newest;
    find("#reports-title").textContent = `Reports in ${group.name}`;
    find("#no-reports").hidden = shown.length > 0;
    find("#no-reports").textContent = this.#isSettledShown
      ? "Nothing was settled in the last 30 days."
      : "Nothing to settle.";
    const rows = shown.map((report) => {
      const looks = JSON.stringify([report, this.#roleOf(report.author), group.role]);
      return { id: report.id, looks, report };
    });
    this.#rows.show(rows, ({ report }) => this.#row(report));
  }

  #row(report) {
    const { id, channel_id: channelId, created_at: at, reason, text, file_names: files } = report;
    const [author, reporter] = [report.author, report.reporter].map((one) =>
      this.#context.people.of(one),
    );
    const where = make("span", { className: "hint" });
    this.#nameOf(channelId, null).then((name) => (where.textContent = name));
    const moment = time(at, shortlyOf(at), "hint");
    const who = make("h3", { id: `report-${id}` }, personName(author));
    const head = make("p", { className: "report-head" }, avatar(author), who, where, moment);
    const copy = make("blockquote", { className: "reported text", dir: "auto" });
    copy.append(...formatted(text));
    if (files.length) copy.append(make("p", { className: "hint" }, `With ${listOf(files)}`));
    const by = make("strong", {}, personName(reporter));
    const said = make("p", { dir: "auto" }, "Reported by ", by, `: ${reason}`);
    const parts = [head, copy, said, report.settled_at ? outcomeOf(report) : this.#verbs(report)];
    return make("li", { className: "report" }, make("article", { "aria-labelledby": who.id }, ...parts));
  }

  #verbs(report) {
    const { post_id: postId, author } = report;
    const verbs = make("p", { className: "verbs" });
    const add = (label, act, className = "") =>
      verbs.append(button(label, act, { className, id: `${label}-${report.id}`.replaceAll(" ", "-") }));
    add("Dismiss", () => this.#settle(report, "dismissed"));
    if (author) add("Warn the author", () => this.#warn(report));
    if (postId) add("Delete the post", () => this.#delete(report), "danger");
    if (this.#outranks(author)) {
      const hours = muteChoice(author, report.id);
      add("Mute", () => this.#mute(author, hours));
      verbs.append(make("span", { className: "with-choice" }, verbs.lastChild, hours));
      add("Ban", () => this.#ban(author), "danger");
    }
    if (postId) add("See the post", () => this.#visit(report), "quiet");
    return verbs;
  }

  #visit({ group_id, channel_id, post_id, parent_id }) {
    this.#dialog.close();
    visit(addressOfPost({ group_id, channel_id, post_id, parent_id }));
  }

  #settle({ id }, outcome) {
    return attempt(() => askPatiently("PATCH", `/reports/${id}`, { outcome }));
  }

  async #warn(report) {
    const title = `Warn ${personName(this.#context.people.of(report.author))}?`;
    if (await confirmed(title, WARNING, "Warn")) await this.#settle(report, "warned");
  }

  async #delete(report) {
    const text = "It and its replies will be deleted for everybody.";
    if (await confirmed("Delete this post?", text, "Delete")) await this.#settle(report, "deleted");
  }

  #roleOf(person) {
    return this.#context.people.all.find(({ id }) => id === person?.id)?.role ?? null;
  }

  /** Whether somebody is a member of a lower role. */
  #outranks(person) {
    const role = this.#roleOf(person);
    return role !== null && outranks(this.#context.group.role, role);
  }

  async #mute({ id, name }, { value: hours, selectedOptions: [words] }) {
    const isDone = await attempt(() => mute(this.#context.group.id, id, Number(hours)));
    if (isDone) notify(`${name} can read, but not write, ${words.textContent}. The report is still open.`);
  }

  async #ban({ id, name }) {
    const text = "No code lets them in again. Whoever makes a new account gets round it.";
    if (!(await confirmed(`Remove and ban ${name}?`, text, "Ban"))) return;
    await attempt(() => askPatiently("PUT", `/groups/${this.#context.group.id}/bans/${id}`, {}));
  }
}

/** Beside a button: to who chooses with the keys, a list changes with each of them. */
function muteChoice({ name }, reportId) {
  const choices = Object.entries(MUTES_H).map(([words, hours]) => new Option(words, hours));
  const properties = { id: `hours-${reportId}`, ariaLabel: `How long ${name} is muted` };
  return make("select", properties, ...choices);
}

function outcomeOf({ outcome, settled_by: by, settled_at: at }) {
  const text = `${OUTCOMES[outcome]} by ${personName(by)}, ${dateOf(at)}`;
  return make("p", { className: "hint" }, text);
}
