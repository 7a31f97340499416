/** The dialog in which somebody reports a post, and reads before to whom what is disclosed. */

import { ask, newKey } from "../api.js";
import { notify } from "../page/dialogs.js";
import { find } from "../page/dom.js";
import { clearProblems, onSubmit } from "../page/forms.js";
import { excerptOf, personName } from "../page/format.js";

const form = find("#report-form");
let send = null; // for the post that is being reported

onSubmit(form, (values) => send(values));

/** @param {import("../page/context.js").Context} context */
export function reportPost(post, context) {
  const dialog = find("#report-dialog");
  const key = newKey();
  form.reset();
  clearProblems(form);
  find("#report-post").textContent = post.text.trim() ? excerptOf(post.text) : post.files[0].name;
  find("#report-disclosure").textContent = disclosureOf(post, context);
  send = async (values) => {
    const path = `/posts/${post.id}/reports`;
    const { disclosed_to: ids } = await ask("POST", path, values, { key });
    dialog.close();
    notify(`Reported to ${context.people.namesOf(ids)}.`);
  };
  dialog.showModal();
}

/** Who gets a copy, as the server decides: nobody who wrote it, unless nobody else is there. */
function disclosureOf(post, { people, group, channel }) {
  const author = people.all.find(({ id }) => id === post.author?.id);
  const owners = people.all.filter(({ role }) => role === "owner");
  const name = personName(people.of(post.author));
  if (author?.role === "owner" && owners.length === 1)
    return `${name} is the only owner of ${group.name}: nobody but ${name} gets your report, with your name in it.`;
  const byOwner = author?.role === "owner" ? "other owners" : "owners";
  const who = (author?.role ?? "member") === "member" ? "moderators and owners" : byOwner;
  const where = channel.kind === "private" ? " who are in this channel" : "";
  const others = where ? " If there are none, the owners of the group do." : "";
  return (
    `The ${who} of ${group.name}${where} get a copy of the post as it is now, your reason and your name.${others}` +
    ` ${name} is not told who has reported it.`
  );
}
