/** The sidebar: beside the posts where there is room, else a drawer over them. */

import { find } from "../page/dom.js";
import { onKey } from "../page/keys.js";
import { Layer } from "../page/layers.js";

export class Sidebar {
  #narrow = matchMedia("(width < 48rem)");
  #isOpen = false;
  #layer = new Layer(() => this.close());

  constructor() {
    find("#menu").addEventListener("click", () => this.#set(!this.#isOpen));
    find("#scrim").addEventListener("click", () => this.close());
    find("#sidebar").addEventListener("click", ({ target }) => target.closest("a") && this.close());
    onKey(window, (key) => {
      if (key === "Escape" && !find("dialog:modal")) this.close();
    });
    this.#narrow.addEventListener("change", () => this.#set(false));
    this.#set(false);
  }

  close() {
    if (this.#isOpen) this.#set(false);
  }

  #set(isOpen) {
    const wasOpen = this.#isOpen;
    this.#isOpen = this.#layer.isOpen = isOpen;
    const sidebar = find("#sidebar");
    sidebar.inert = this.#narrow.matches && !isOpen;
    sidebar.classList.toggle("open", isOpen);
    find("#scrim").hidden = !isOpen;
    find("#menu").ariaExpanded = `${isOpen}`;
    if (isOpen) find("a, button", sidebar)?.focus();
    else if (wasOpen) find("#menu").focus();
  }
}
