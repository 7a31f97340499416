/** Who is here: the others who follow the open channel now, in its header. */

import { avatar, find, make } from "../page/dom.js";
import { listOf } from "../page/format.js";

const [FACES, NAMES] = [3, 2];

export class Presence {
  #me;
  #people;
  #present = [];
  #place = find("#here");

  /** @param {import("../page/context.js").Context} context */
  constructor({ me, people }) {
    this.#me = me;
    this.#people = people;
    this.#place.addEventListener("click", () => find("#members").click());
  }

  /** Shows who is present, or the same people again after their names have changed. */
  show(present = this.#present) {
    this.#present = present;
    const others = present
      .map((person) => this.#people.of(person))
      .filter((person) => person && person.id !== this.#me.id)
      .sort((a, b) => a.name.localeCompare(b.name));
    this.#place.hidden = !others.length;
    const faces = make("span", { className: "faces" }, ...others.slice(0, FACES).map(avatar));
    const names = others.map(({ name }) => name);
    this.#place.title = names.join(", ");
    if (names.length > NAMES) names.splice(1, Infinity, `${names.length - 1} others`);
    const text = `${listOf(names)} ${others.length === 1 ? "is" : "are"} here`;
    this.#place.replaceChildren(faces, make("span", { className: "here-names" }, text));
  }
}
