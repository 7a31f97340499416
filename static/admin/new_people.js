/** Adds people: one in each line, whose slips are then shown. */

import { Problem, ask, askAs } from "../api.js";
import "../page/dialogs.js";
import { find } from "../page/dom.js";
import { onSubmit } from "../page/forms.js";
import { showSlips } from "../roster/slips.js";

const SEPARATOR = /[,;\t]/u;
const form = find("#add-form");

askAs(Number(find("#admin").dataset.user));

onSubmit(form, async ({ people: typed, role }) => {
  const people = typed.split("\n").filter((line) => line.trim()).map(personIn);
  const added = await ask("POST", "/admin/users", { people, role }).catch((problem) => {
    throw readable(problem, people);
  });
  form.reset();
  await showSlips(added);
  find("#slips-heading").focus();
});

function personIn(line) {
  const [name, username, email] = line.split(SEPARATOR).map((part) => part.trim());
  return { name, ...(username && { username }), ...(email && { email }) };
}

/** Says what is wrong beside the one field that there is, by the names that were typed. */
function readable(problem, people) {
  const said = Object.entries(problem.fields ?? {}).map(([field, message]) => {
    const [, number] = field.split(".");
    return `${people[number]?.name || `Line ${Number(number) + 1}`}: ${message}`;
  });
  if (!said.length) return problem;
  const { status, code, message: detail } = problem;
  return new Problem({ status, code, detail, fields: { people: said.join(" ") } });
}
