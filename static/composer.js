/** Where one writes: the text and files of a post, kept for each place until they are sent. */

import { Attachment } from "/static/attachment.js";
import { Completion } from "/static/completion.js";
import { notify } from "/static/dialogs.js";
import { find } from "/static/dom.js";

const MAX_FILES = 10;

export class Composer {
  #form;
  #area;
  #send;
  #place = null;
  #drafts = new Map(); // by place
  #attachments = [];
  #isWanted = false; // it is sent as soon as the files are there

  /**
   * Files that are dropped anywhere `within` are attached; `send(text, files)` sends a post;
   * `people` as of a `Completion`.
   */
  constructor(form, { within, people, send }) {
    this.#form = form;
    this.#area = find("textarea", form);
    this.#send = send;
    new Completion(this.#area, find(".completion", form), people); // hears each key first
    this.#listenToKeys();
    this.#listenToFiles(within);
    form.noValidate = true;
    form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      this.#submit();
    });
    this.#area.addEventListener("input", () => this.#want(false));
  }

  /** What was begun there before is there again; `place` is null where nobody writes. */
  open(place) {
    const { value: text } = this.#area;
    if (this.#place) this.#drafts.set(this.#place, { text, attachments: this.#attachments });
    this.#place = place;
    const draft = this.#drafts.get(place) ?? { text: "", attachments: [] };
    this.#area.value = draft.text;
    this.#attachments = draft.attachments;
    this.#want(false);
    this.#show();
  }

  focus() {
    this.#area.focus();
  }

  #listenToKeys() {
    const isTouch = matchMedia("(pointer: coarse)").matches;
    this.#area.addEventListener("keydown", (pressed) => {
      const sends = pressed.key === "Enter" && !pressed.shiftKey && !pressed.isComposing;
      if (!sends || isTouch || pressed.defaultPrevented) return;
      pressed.preventDefault();
      this.#form.requestSubmit();
    });
  }

  #listenToFiles(within) {
    const input = find("[type=file]", this.#form);
    find(".attach", this.#form).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#attach(input.files);
      input.value = "";
      this.focus();
    });
    this.#area.addEventListener("paste", (pasted) => {
      const { files, types } = pasted.clipboardData;
      if (!files.length || types.includes("text/plain")) return; // a table comes as both
      pasted.preventDefault();
      this.#attach(files);
    });
    const takes = ({ dataTransfer }) => dataTransfer.types.includes("Files") && this.#isOpen;
    const mark = (isOver) => within.classList.toggle("takes-files", isOver);
    within.addEventListener("dragover", (dragged) => {
      if (!takes(dragged)) return;
      dragged.preventDefault();
      dragged.dataTransfer.dropEffect = "copy";
      mark(true);
    });
    within.addEventListener("dragleave", ({ relatedTarget }) => {
      if (!within.contains(relatedTarget)) mark(false);
    });
    within.addEventListener("drop", (dropped) => {
      mark(false);
      if (!takes(dropped)) return;
      dropped.preventDefault();
      this.#attach(filesOf(dropped.dataTransfer));
      this.focus();
    });
  }

  get #isOpen() {
    return this.#place !== null && !this.#form.hidden;
  }

  #attach(files) {
    const room = MAX_FILES - this.#attachments.length;
    if (files.length > room) notify(`A post has at most ${MAX_FILES} files.`);
    for (const file of [...files].slice(0, room)) {
      const attachment = new Attachment(file);
      const list = this.#attachments;
      attachment.addEventListener("changed", () => list === this.#attachments && this.#show());
      attachment.addEventListener("removed", () => this.#remove(list, attachment));
      list.push(attachment);
      attachment.start();
    }
    this.#show();
  }

  #remove(list, attachment) {
    list.splice(list.indexOf(attachment), 1);
    if (list !== this.#attachments) return;
    this.#show();
    this.focus();
  }

  #show() {
    const list = find(".attachments", this.#form);
    const elements = this.#attachments.map(({ element }) => element);
    for (const gone of [...list.children]) if (!elements.includes(gone)) gone.remove();
    for (const element of elements) if (!element.isConnected) list.append(element);
    list.hidden = !elements.length;
    if (this.#isWanted && !this.#attachments.some(({ isOnItsWay }) => isOnItsWay))
      this.#form.requestSubmit();
  }

  #want(isWanted, text = "") {
    this.#isWanted = isWanted;
    find(".composer-hint", this.#form).textContent = text;
  }

  #submit() {
    const text = this.#area.value.trim() ? this.#area.value : "";
    const files = this.#attachments;
    if (!text && !files.length) return;
    if (files.some(({ problem }) => problem))
      return this.#want(false, "One file was not sent: try it again, or remove it.");
    if (files.some(({ isOnItsWay }) => isOnItsWay))
      return this.#want(true, "It is sent as soon as the files are there.");
    this.#attachments = [];
    this.#area.value = "";
    this.#want(false);
    this.#show();
    this.focus();
    this.#send(
      text,
      files.map(({ view }) => view),
    );
  }
}

/** Without folders, which no browser can send as a file. */
function filesOf({ items }) {
  return [...items]
    .filter((item) => item.kind === "file" && !item.webkitGetAsEntry?.()?.isDirectory)
    .map((item) => item.getAsFile());
}

for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (dragged) => {
    if (dragged.defaultPrevented || !dragged.dataTransfer?.types.includes("Files")) return;
    dragged.preventDefault(); // or the file would replace the page
    dragged.dataTransfer.dropEffect = "none";
  });
}
