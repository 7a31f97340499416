/** A file that is being attached: uploading, uploaded, or refused. */

import { ask, newKey } from "/static/api.js";
import { button, icon, make } from "/static/page/dom.js";
import { sizeOf } from "/static/page/format.js";
import { upload } from "/static/page/upload.js";

const FINAL = [400, 413]; // the same file will be refused again

/** Dispatches `changed`, and `removed` when somebody removes it. */
export class Attachment extends EventTarget {
  /** The file as the server answered; null until it is uploaded. */
  view = null;
  problem = null;
  #file;
  #key = newKey();
  #abort = new AbortController();
  #parts;

  constructor(file) {
    super();
    this.#file = file;
    this.#parts = {
      face: make("span", { className: "attachment-face" }, icon("file")),
      progress: make("progress", { max: 1, value: 0, ariaLabel: `Uploading ${file.name}` }),
      state: make("span", { className: "attachment-state" }),
      again: button("Try again", () => this.#retry(), { className: "quiet", hidden: true }),
      remove: button("", () => this.remove(), { iconName: "close", className: "plain" }),
    };
    const { face, progress, state, again, remove } = this.#parts;
    const name = make("span", { className: "name", title: file.name }, file.name);
    const said = make("span", {}, state, " ", again);
    const about = make("div", { className: "attachment-about" }, name, progress, said);
    this.element = make("li", { className: "attachment" }, face, about, remove);
  }

  get isUploading() {
    return !this.view && !this.problem;
  }

  async start() {
    this.problem = null;
    this.#show();
    const { signal } = this.#abort;
    const progress = (share) => (this.#parts.progress.value = share);
    try {
      const options = { key: this.#key, signal, progress };
      this.view = await upload("POST", "/files", this.#file, options);
    } catch (problem) {
      if (signal.aborted) return;
      this.problem = problem;
    }
    this.#show();
  }

  /** Removes it, on the server as well, where it would count against the quota. */
  remove() {
    this.#abort.abort();
    if (this.view) ask("DELETE", `/files/${this.view.id}`).catch(() => null);
    this.dispatchEvent(new Event("removed"));
  }

  #retry() {
    this.#parts.remove.focus(); // the button will be hidden
    this.start();
  }

  #show() {
    const { face, progress, state, again, remove } = this.#parts;
    const { view, problem, isUploading } = this;
    progress.hidden = !isUploading;
    if (isUploading) progress.value = 0;
    again.hidden = !problem || FINAL.includes(problem.status);
    state.textContent = problem?.message ?? sizeOf(this.#file.size);
    state.classList.toggle("wrong", Boolean(problem));
    if (problem) state.setAttribute("role", "alert");
    else state.removeAttribute("role");
    remove.title = `${isUploading ? "Cancel" : "Remove"} ${this.#file.name}`;
    remove.lastChild.textContent = remove.title;
    if (view?.image) {
      const src = `/api/files/${view.id}/thumbnail?size=64`;
      face.replaceChildren(make("img", { alt: "", src }));
    }
    this.dispatchEvent(new Event("changed"));
    if (problem) this.element.scrollIntoView({ block: "nearest" });
  }
}
