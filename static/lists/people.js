/** The members of the group: their names for everything on the page, and their dialog. */

import { ask, askForAll, askPatiently } from "../api.js";
import { attempt, confirmed, copy } from "../page/dialogs.js";
import { avatar, button, find, make } from "../page/dom.js";
import { LiveQuery } from "../page/live_query.js";
import { Rows } from "../page/rows.js";

const ROLES = ["member", "moderator", "owner"];
const BY_NAME = new Intl.Collator();
const OWN_MACHINE = /^(localhost|127\..+|\[::1\])$/u; // as the page's own address

/** Dispatches `changed` when names or roles have changed. */
export class People extends EventTarget {
  #live;
  #me;
  #group = null;
  #members = new Map();
  #gone = new Set();
  #present = new Set(); // ids
  #query = null;
  #rows = new Rows(find("#people"));

  constructor(live, me) {
    super();
    this.#live = live;
    this.#me = me;
    find("#members").addEventListener("click", () => this.showDialog());
    find("#make-code").addEventListener("click", () => attempt(() => this.#makeCode()));
    find("#leave-group").addEventListener("click", () => this.#leave());
    for (const what of ["code", "link"]) {
      const output = find(what === "code" ? "#code" : "#code-link");
      const copying = find(`#copy-${what}`);
      copying.addEventListener("click", () => copy(output.value, copying));
    }
  }

  showDialog() {
    this.#render();
    find("#made-code").hidden = true;
    find("#members-dialog").showModal();
  }

  open(group) {
    const isSame = group?.id === this.#group?.id;
    this.#group = group;
    if (isSame) return find("#members-dialog").open && this.#render();
    this.#query?.end();
    this.#members.clear();
    this.#showPresent([]);
    if (!group) return find("#members-dialog").close();
    const path = `/groups/${group.id}/members`;
    this.#query = new LiveQuery(this.#live, {
      fetch: (options) => askForAll(path, "members", { ...options, most: 5000 }),
      show: ({ members }) => {
        this.#members = new Map(members.map((member) => [member.id, member]));
        this.#changed();
      },
      event: (event) => this.#apply(event),
      presence: (present) => this.#showPresent(present),
    });
  }

  /** A person as known now; null for somebody who has deleted the account. */
  of(author) {
    if (!author || this.#gone.has(author.id)) return null;
    return this.#members.get(author.id) ?? author;
  }

  get all() {
    return [...this.#members.values()];
  }

  /** "You, Bob, somebody else" */
  namesOf(ids) {
    const known = ids.filter((id) => this.#members.has(id));
    const names = known.map((id) => (id === this.#me.id ? "You" : this.#members.get(id).name));
    const others = ids.length - known.length;
    if (others) names.push(others === 1 ? "somebody else" : `${others} others`);
    return names.join(", ");
  }

  #apply({ kind, data }) {
    if (data.gone) return;
    if (kind === "members.joined") data.members.forEach((member) => this.#members.set(member.id, member));
    else if (kind === "member.joined" || kind === "member.changed") this.#members.set(data.id, data);
    else if (kind === "member.left") this.#members.delete(data.id);
    else if (kind === "member.anonymised") {
      this.#members.delete(data.id);
      this.#gone.add(data.id);
    } else return;
    this.#changed();
  }

  #showPresent(present) {
    this.#present = new Set(present.map(({ id }) => id));
    find("#members-here").textContent = present.length > 1 ? `${present.length} here` : "";
    if (find("#members-dialog").open) this.#render();
  }

  #changed() {
    const count = this.#members.size;
    find("#members-label").textContent = count === 1 ? "1 member" : `${count} members`;
    if (find("#members-dialog").open) this.#render();
    this.dispatchEvent(new Event("changed"));
  }

  #render() {
    const { name, role } = this.#group;
    find("#members-title").textContent = `Members of ${name}`;
    find("#invite").hidden = role === "member";
    const inOrder = this.all.sort(
      (a, b) => ROLES.indexOf(b.role) - ROLES.indexOf(a.role) || BY_NAME.compare(a.name, b.name),
    );
    const rows = inOrder.map((member) => {
      const looks = JSON.stringify([member, this.#present.has(member.id), role, name]);
      return { id: member.id, looks, member };
    });
    this.#rows.show(rows, ({ member }) => this.#row(member));
  }

  #row(member) {
    const isMe = member.id === this.#me.id;
    const mine = this.#group.role;
    const name = make("span", { className: "person" }, member.name, isMe ? " (you)" : "");
    const row = make("li", {}, avatar(member), name);
    if (this.#present.has(member.id)) {
      name.append(make("span", { className: "hint here-now" }, "here now"));
    }
    if (mine === "owner") row.append(this.#roleChoice(member));
    else if (member.role !== "member")
      row.append(make("span", { className: "badge" }, member.role));
    const mayRemove = mine === "owner" || ROLES.indexOf(mine) > ROLES.indexOf(member.role);
    if (mayRemove && !isMe) {
      row.append(
        button(`Remove ${member.name}`, () => this.#remove(member), {
          id: `remove-${member.id}`,
          iconName: "close",
          className: "plain",
        }),
      );
    }
    return row;
  }

  #roleChoice(member) {
    const options = ROLES.map((role) => new Option(role, role, false, role === member.role));
    const select = make(
      "select",
      { id: `role-of-${member.id}`, ariaLabel: `Role of ${member.name}` },
      ...options,
    );
    select.addEventListener("change", async () => {
      const path = `/groups/${this.#group.id}/members/${member.id}`;
      const isDone = await attempt(() => askPatiently("PUT", path, { role: select.value }));
      if (!isDone) select.value = member.role;
    });
    return select;
  }

  async #remove(member) {
    const text = "Their posts stay. They can come back with a join code.";
    if (!(await confirmed(`Remove ${member.name}?`, text, "Remove"))) return;
    await attempt(() => ask("DELETE", `/groups/${this.#group.id}/members/${member.id}`));
  }

  async #leave() {
    const text = "You will need a join code to come back.";
    if (!(await confirmed(`Leave ${this.#group.name}?`, text, "Leave"))) return;
    const path = `/groups/${this.#group.id}/members/${this.#me.id}`;
    if (await attempt(() => ask("DELETE", path))) find("#members-dialog").close();
  }

  async #makeCode() {
    const path = `/groups/${this.#group.id}/join-code`;
    const { join_code: code, addresses } = await ask("POST", path, {});
    const isHere = OWN_MACHINE.test(location.hostname);
    find("#code").value = code;
    find("#code-link").value = `${addresses[0] ?? location.origin}/register#join=${code}`;
    find("#own-address").textContent = location.host;
    find("#addresses").textContent = addresses.join(" or ");
    find("#code-for-others").hidden = !isHere || !addresses.length;
    find("#code-for-nobody").hidden = !isHere || addresses.length > 0;
    find("#made-code").hidden = false;
    find("#copy-link").focus();
  }
}
