/** The page of an owner who enrols a whole class: a list, a look at what it would do, slips. */

import { ask, askAs } from "./api.js";
import { find } from "./page/dom.js";
import { onSubmit } from "./page/forms.js";
import { Applicants } from "./roster/applicants.js";
import { textOf } from "./roster/file_text.js";
import { showSlips } from "./roster/slips.js";
import { showUnclaimed } from "./roster/unclaimed.js";

const { group, user } = find("#roster").dataset;
const path = `/groups/${group}/roster`;
const applicants = new Applicants();
const refused = find("#not-enrolled");
let judging = new AbortController(); // ends the dry run that was asked last

askAs(user);

function show(step) {
  for (const part of ["list", "look"]) find(`#step-${part}`).hidden = part !== step;
  window.scrollTo(0, 0);
}

function peopleOf(count) {
  return count === 1 ? "1 person" : `${count} people`;
}

function say() {
  const { count, wrong } = applicants;
  const mistakes = wrong === 1 ? "1 row has a mistake" : `${wrong} rows have mistakes`;
  find("#said").textContent = wrong
    ? `${peopleOf(count)}; ${mistakes}.`
    : `${peopleOf(count)}, all of whom can be enrolled. The usernames are proposals: change what you like.`;
  find("#enrol").textContent = `Enrol ${peopleOf(count)}`;
  find("#enrol").hidden = count === 0;
}

function refuse(problem) {
  refused.hidden = !problem;
  refused.textContent = problem?.message ?? "";
}

/** Asks what would become of the rows as they are now; false when they cannot be enrolled. */
async function judge() {
  judging.abort();
  if (!applicants.count) return say();
  const { signal } = (judging = new AbortController());
  refuse(null);
  const rows = applicants.values({ withProposals: false });
  try {
    const found = await ask("POST", path, { rows, dry_run: true }, { signal });
    applicants.judge(found.rows);
    say();
  } catch (problem) {
    if (!signal.aborted) refuse(problem);
  }
}

async function enrol() {
  const verb = find("#enrol");
  if (verb.ariaBusy === "true") return;
  verb.ariaBusy = "true";
  try {
    await judge();
    if (applicants.wrong || !refused.hidden) return applicants.focusWrong();
    const made = await ask("POST", path, { rows: applicants.values({ withProposals: true }) });
    find("#list-form").reset();
    show("nothing");
    const shown = showSlips(made);
    find("#slips-heading").focus();
    await Promise.all([shown, showUnclaimed(group)]);
  } catch (problem) {
    if (problem.status === 400) await judge(); // somebody has taken a username meanwhile
    refuse(problem);
    if (!problem.status) await showUnclaimed(group); // it may have been done
  } finally {
    verb.ariaBusy = "false";
  }
}

onSubmit(find("#list-form"), async ({ csv }) => {
  const found = await ask("POST", path, { csv, dry_run: true });
  applicants.show(found.rows);
  const ignored = find("#ignored");
  ignored.hidden = !found.ignored_columns.length;
  ignored.textContent = `Not used: ${found.ignored_columns.join(", ")}.`;
  refuse(null);
  say();
  show("look");
  find("#look-heading").focus();
});
find("#file").addEventListener("change", async ({ target }) => {
  const [file] = target.files;
  if (!file) return;
  const area = find("#csv");
  area.setCustomValidity("");
  try {
    area.value = await textOf(file);
  } catch (problem) {
    area.value = "";
    target.value = "";
    find("#file-hint").textContent = problem.message;
    find("#file-hint").className = "wrong";
    return;
  }
  find("#list-form").requestSubmit();
});
applicants.addEventListener("changed", judge);
find("#enrol").addEventListener("click", enrol);
for (const id of ["back", "more"]) find(`#${id}`).addEventListener("click", () => show("list"));
await showUnclaimed(group);
