/** The dialog of the members: who they are, and for moderators who waits and who is banned. */

import { askPatiently } from "../api.js";
import { attempt } from "../page/dialogs.js";
import { avatar, button, find, make, onClosed } from "../page/dom.js";
import { dateOfDay } from "../page/format.js";
import { Rows } from "../page/rows.js";
import { BanList } from "./ban_list.js";
import { JoinCode } from "./join_code.js";
import { MemberDialog } from "./member_dialog.js";
import { ROLES, outranks } from "./roles.js";
import { WaitingList } from "./waiting_list.js";

const BY_NAME = new Intl.Collator();

export class MembersDialog {
  #context;
  #dialog = find("#members-dialog");
  #rows = new Rows(find("#people"));
  #joinCode;
  #bans;
  #member;
  #groupId = null; // whose members are shown
  #rights = null;

  /**
   * @param {import("../page/context.js").Context} context
   * @param {import("./moderation.js").Moderation} moderation
   */
  constructor(context, moderation) {
    this.#context = context;
    this.#joinCode = new JoinCode(context);
    this.#bans = new BanList(context);
    this.#member = new MemberDialog(context);
    new WaitingList(context, moderation);
    for (const kind of ["changed", "present"])
      context.people.addEventListener(kind, () => this.#show());
    onClosed(this.#dialog, () => this.#end());
  }

  /** Is in line with the open group, whose role may have changed. */
  show() {
    if (!this.#dialog.open) return;
    const { group } = this.#context;
    if (group?.id !== this.#groupId) return this.#dialog.close();
    if (rightsOf(group) !== this.#rights) this.#showParts();
    this.#show();
  }

  open() {
    this.#groupId = this.#context.group.id;
    this.#showParts();
    this.#dialog.showModal();
    this.#show();
  }

  /** Shows the parts that are for moderators alone. */
  #showParts() {
    const { group, mayModerate } = this.#context;
    this.#rights = rightsOf(group);
    this.#joinCode.close();
    this.#bans.close();
    const mayInvite = mayModerate && !group.archived;
    find("#invite").hidden = !mayInvite;
    const mayEnrol = this.#context.me.may_enrol;
    find("#enrolling").hidden = group.role !== "owner" || !mayEnrol;
    find("#not-enrolling").hidden = group.role !== "owner" || mayEnrol;
    find("#to-roster").href = `/groups/${group.id}/roster`;
    if (mayInvite) this.#joinCode.open();
    if (mayModerate) this.#bans.open();
  }

  #end() {
    this.#joinCode.close();
    this.#bans.close();
    this.#rows.show([]);
  }

  #show() {
    const { people, group } = this.#context;
    if (!this.#dialog.open || !group) return;
    find("#members-title").textContent = `Members of ${group.name}`;
    const inOrder = people.all.sort(
      (a, b) => ROLES.indexOf(b.role) - ROLES.indexOf(a.role) || BY_NAME.compare(a.name, b.name),
    );
    const rows = inOrder.map((member) => {
      const about = this.#about(member);
      const isMuted = people.mutedUntil(member.id) !== null;
      const looks = JSON.stringify([member, about, isMuted, group.role]);
      return { id: member.id, looks, member, about, isMuted };
    });
    this.#rows.show(rows, (row) => this.#row(row));
  }

  /** "@bob", "@bob, here now"; for moderators "@bob, last seen on 24 Nov 2026" */
  #about({ id, username }) {
    const { people } = this.#context;
    const seen = people.lastSeen(id);
    if (people.isHere(id)) return [`@${username}`, "here now"];
    return [`@${username}`, seen ? `last seen on ${dateOfDay(seen)}` : ""];
  }

  #row({ member, about: [username, seen], isMuted }) {
    const { me, people } = this.#context;
    const isHere = people.isHere(member.id);
    const hint = make("span", { className: "hint" }, username);
    if (seen) hint.append(" · ", make("span", { className: isHere ? "here-now" : "" }, seen));
    const isMe = member.id === me.id;
    const name = make("span", { className: "person" }, member.name, isMe ? " (you)" : "", hint);
    if (isMuted) hint.before(" ", make("span", { className: "badge warn" }, "muted"));
    const row = make("li", {}, avatar(member), name);
    if (this.#context.group.role === "owner") row.append(this.#roleChoice(member));
    else if (member.role !== "member")
      row.append(make("span", { className: "badge" }, member.role));
    if (!isMe && this.#mayManage(member)) {
      const manage = () => this.#member.open(member);
      const looks = { id: `manage-${member.id}`, iconName: "more", className: "plain" };
      row.append(button(`Manage ${member.name}`, manage, looks));
    }
    return row;
  }

  #mayManage({ role }) {
    const mine = this.#context.group.role;
    return mine === "owner" || outranks(mine, role);
  }

  #roleChoice(member) {
    const options = ROLES.map((role) => new Option(role, role, false, role === member.role));
    const select = make(
      "select",
      { id: `role-of-${member.id}`, ariaLabel: `Role of ${member.name}` },
      ...options,
    );
    select.addEventListener("change", async () => {
      const path = `/groups/${this.#groupId}/members/${member.id}`;
      const isDone = await attempt(() => askPatiently("PUT", path, { role: select.value }));
      if (!isDone) select.value = member.role;
    });
    return select;
  }
}

/** What decides which parts of the dialog are shown. */
function rightsOf({ role, archived }) {
  return `${role} ${archived}`;
}
