/** The people of a list before they are enrolled: each in a row that can be changed. */

import { button, find, make } from "../page/dom.js";

const FIELDS = [
  ["name", "Name"],
  ["username", "Username"],
  ["email", "E-mail"],
];

/** Dispatches `changed` when somebody has changed what is to be judged anew. */
export class Applicants extends EventTarget {
  #list = find("#applicants");
  #rows = [];

  /** The rows of a dry run, one for each person. */
  show(rows) {
    this.#rows = rows.map((row, at) => new Row(row, at, () => this.#changed(), () => this.#leaveOut(at)));
    this.#list.replaceChildren(...this.#rows.map(({ element }) => element));
  }

  /** What a later dry run says of the same people. */
  judge(rows) {
    rows.forEach((row, at) => this.#rows[at]?.judge(row));
  }

  get count() {
    return this.#rows.length;
  }

  get wrong() {
    return this.#rows.filter(({ isWrong }) => isWrong).length;
  }

  /** What to send: all that is shown, or usernames only where they were not proposed. */
  values({ withProposals }) {
    return this.#rows.map((row) => row.values(withProposals));
  }

  focusWrong() {
    find("[aria-invalid]", this.#list)?.focus();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }

  #leaveOut(at) {
    const left = this.#rows.filter((_, other) => other !== at);
    this.show(left.map((row) => ({ ...row.said, ...row.typed, is_proposed: row.isProposed })));
    (this.#rows[at] ?? this.#rows.at(-1))?.focus();
    this.#changed();
  }
}

class Row {
  #fields = {};

  constructor(said, at, changed, leaveOut) {
    const cells = FIELDS.map(([name, label]) => {
      const field = make("input", {
        id: `${name}-${at}`,
        value: said[name] ?? "",
        autocomplete: "off",
        spellcheck: false,
        autocapitalize: name === "name" ? "words" : "none",
        ariaLabel: `${label}, row ${at + 1}`,
      });
      field.addEventListener("change", () => {
        if (name === "username") this.isProposed = field.value === "";
        changed();
      });
      this.#fields[name] = field;
      return make("td", { "data-label": label }, field);
    });
    const leave = button(`Leave out row ${at + 1}`, leaveOut, { className: "plain" });
    leave.replaceChildren(
      make("span", { "aria-hidden": "true" }, "✕"),
      make("span", { className: "hidden-label" }, `Leave out row ${at + 1}`),
    );
    this.isProposed = said.is_proposed;
    this.element = make("tr", {}, ...cells, make("td", { className: "leave-out" }, leave));
    this.judge(said);
  }

  /** Shows what is wrong, and the username that is proposed. */
  judge(said) {
    this.said = said;
    const wrong = Object.fromEntries(said.problems.map(({ field, detail }) => [field, detail]));
    if (this.isProposed && said.username) this.#fields.username.value = said.username;
    for (const [name, field] of Object.entries(this.#fields)) {
      const ofRow = name === "name" ? (wrong.name ?? wrong.row) : wrong[name];
      const notes = name === "name" ? said.notes : [];
      describe(field, ofRow?.replace(/^String/u, "It"), notes);
    }
  }

  get isWrong() {
    return this.said.problems.length > 0;
  }

  get typed() {
    const { name, username, email } = this.#fields;
    return { name: name.value, username: username.value, email: email.value };
  }

  values(withProposals) {
    const { name, username, email } = this.typed;
    const isSent = username && (withProposals || !this.isProposed);
    return { name, ...(isSent && { username }), ...(email && { email }) };
  }

  focus() {
    this.#fields.name.focus();
  }
}

function describe(field, wrong, notes) {
  const cell = field.parentElement;
  for (const said of cell.querySelectorAll("p")) said.remove();
  const lines = [...(wrong ? [[wrong, "wrong"]] : []), ...notes.map((note) => [note, "hint"])];
  const ids = lines.map(([text, className], number) => {
    const id = `${field.id}-said-${number}`;
    cell.append(make("p", { id, className }, text));
    return id;
  });
  if (wrong) field.setAttribute("aria-invalid", "true");
  else field.removeAttribute("aria-invalid");
  if (ids.length) field.setAttribute("aria-describedby", ids.join(" "));
  else field.removeAttribute("aria-describedby");
}
