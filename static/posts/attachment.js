/** A file that is being attached: uploading, uploaded, refused, or gone. */

import { Problem, ask, headersOf, newKey } from "../api.js";
import { button, icon, make } from "../page/dom.js";
import { sizeOf } from "../page/format.js";
import { upload } from "../page/upload.js";

const GONE = 404;
const FINAL = [400, GONE, 413]; // to try again would be in vain
const SURE_FOR_MS = 3_600_000; // the server keeps for a day what is in no post
const ANSWER_WITHIN_MS = 8_000;

/** Dispatches `changed`, and `removed` when somebody removes it. */
export class Attachment extends EventTarget {
  /** The file as the server answered; null until it is uploaded. */
  view = null;
  problem = null;
  #file;
  #seenAt = 0; // when it was on the server
  #isChecking = false;
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

  /** A file that was uploaded before. */
  static uploaded(view) {
    const attachment = new Attachment({ name: view.name, size: view.size_bytes });
    attachment.view = view;
    attachment.#show();
    return attachment;
  }

  /** A file of which only the name is known: the page was left before it was uploaded. */
  static lost(name) {
    const attachment = new Attachment({ name, size: 0 });
    attachment.#lose();
    return attachment;
  }

  get name() {
    return this.#file.name;
  }

  get isUploading() {
    return !this.view && !this.problem;
  }

  /** Whether its bytes are on this page alone. */
  get isHereOnly() {
    return this.#file instanceof File && !this.view;
  }

  /** Whether it will be known soon if the server has it. */
  get isPending() {
    return this.isUploading || this.#isChecking;
  }

  async start() {
    this.problem = null;
    this.#show();
    const { signal } = this.#abort;
    const progress = (share) => (this.#parts.progress.value = share);
    try {
      const options = { key: this.#key, signal, progress };
      this.view = await upload("POST", "/files", this.#file, options);
      this.#seenAt = Date.now();
    } catch (problem) {
      if (signal.aborted) return;
      this.problem = problem;
    }
    this.#show();
  }

  /** Finds out whether the server still has it, if it was not seen there for a while. */
  async check() {
    if (!this.view || this.#isChecking || Date.now() - this.#seenAt < SURE_FOR_MS) return;
    this.#isChecking = true;
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const asked = { method: "HEAD", headers: headersOf({}), signal };
    const { status } = await fetch(`/api/files/${this.view.id}`, asked).catch(() => ({}));
    this.#isChecking = false;
    if (status === GONE) return this.#lose();
    if (status) this.#seenAt = Date.now();
    this.#show();
  }

  /** Removes it, on the server as well, where it would count against the quota. */
  remove() {
    this.#abort.abort();
    if (this.view) ask("DELETE", `/files/${this.view.id}`).catch(() => null);
    this.dispatchEvent(new Event("removed"));
  }

  #lose() {
    const detail = "The server does not have it. Attach it again.";
    this.problem = new Problem({ status: GONE, detail });
    this.view = null;
    this.#show();
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
    again.hidden = !problem || (FINAL.includes(problem.status) && !problem.isOnTheWay);
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
