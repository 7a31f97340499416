/** Whom the roster has made, and who has not chosen a password: they can get new slips. */

import { askForAll, askPatiently } from "../api.js";
import { button, find, make } from "../page/dom.js";
import { dateOf } from "../page/format.js";
import { showSlips } from "./slips.js";

const MOST = 5000;

let path;
let people = [];

/** Shows them; `group` is the number of the group. */
export async function showUnclaimed(group) {
  path = `/groups/${group}/roster`;
  ({ people } = await askForAll(path, "people", { most: MOST }));
  find("#unclaimed-part").hidden = people.length === 0;
  find("#unclaimed").replaceChildren(...people.map(rowOf));
}

function rowOf(person) {
  const { id, name, username, link_expires_at: until } = person;
  const isGood = until && new Date(until) > Date.now();
  const about = isGood ? `slip good until ${dateOf(until)}` : "no slip that works";
  return make(
    "li",
    {},
    make(
      "span",
      { className: "person" },
      name,
      make("span", { className: "hint" }, make("bdi", {}, username), `, ${about}`),
    ),
    button("New slip", () => renew([person]), { ariaLabel: `New slip for ${name}`, id: `renew-${id}` }),
  );
}

async function renew(wanted) {
  const [said, part] = [find("#no-slip"), find("#unclaimed-part")];
  if (part.ariaBusy === "true") return;
  part.ariaBusy = "true";
  said.hidden = true;
  const made = { people: [], addresses: [] };
  try {
    for (const { id } of wanted) {
      const one = await askPatiently("POST", `${path}/${id}/link`);
      made.people.push(...one.people);
      made.addresses = one.addresses;
    }
  } catch (problem) {
    said.textContent = problem.message;
    said.hidden = false;
  } finally {
    part.ariaBusy = "false";
  }
  if (!made.people.length) return;
  const shown = showSlips(made);
  find("#slips-heading").focus();
  await shown;
}

find("#renew-all").addEventListener("click", () => renew(people));
