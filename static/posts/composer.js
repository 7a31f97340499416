/** The composer of posts: text and files are kept for each place until they are sent. */

import { notify } from "../page/dialogs.js";
import { find } from "../page/dom.js";
import { submitOnEnter } from "../page/forms.js";
import { fits, showRoom } from "../page/room.js";
import { Draft, MAX_FILES, begunAt, draftsOf } from "./draft.js";
import { nameOf } from "./draft_storage.js";
import { onFilesDropped, onFilesPasted } from "./drop_and_paste.js";
import { MentionCompletion } from "./mention_completion.js";

export class Composer {
  #form;
  #area;
  #storage;
  #send;
  #draft = null; // null where nobody can write

  /**
   * Files that are dropped anywhere `within` are attached; `send(place, text, files)` sends a post.
   * @param {import("../page/context.js").Context} context
   */
  constructor(form, context, { within, send }) {
    this.#form = form;
    this.#area = find("textarea", form);
    this.#storage = context.drafts;
    this.#send = send;
    new MentionCompletion(this.#area, find(".completion", form), context); // hears each key first
    this.#listenToWriting();
    this.#listenToFiles(within);
  }

  /** Opens the draft for a place, see `DraftStorage`; with null nobody can write. */
  open(place) {
    this.#draft = place && (begunAt(place) ?? this.#begin(place));
    this.#show();
    this.#storage.changed();
  }

  focus() {
    this.#area.focus();
  }

  #begin(place) {
    const draft = new Draft(place, this.#storage, () => draft === this.#draft);
    draft.addEventListener("changed", () => this.#changed(draft));
    return draft;
  }

  #listenToWriting() {
    this.#area.addEventListener("input", () => {
      this.#draft?.write(this.#area.value);
    });
    submitOnEnter(this.#area);
    this.#form.noValidate = true;
    this.#form.addEventListener("submit", (submitted) => {
      submitted.preventDefault();
      this.#submit();
    });
  }

  #listenToFiles(within) {
    const input = find("[type=file]", this.#form);
    find(".attach", this.#form).addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      this.#attach(input.files);
      input.value = "";
    });
    const attach = (files) => this.#attach(files);
    onFilesPasted(this.#area, attach);
    onFilesDropped(within, { mayTake: () => this.#draft && !this.#form.hidden, take: attach });
  }

  #attach(files) {
    this.#draft.attach(files);
    this.#show();
    this.focus();
  }

  #submit() {
    const draft = this.#draft;
    if (draft.isEmpty || draft.failed || !fits(this.#area)) return;
    draft.submit();
    this.#changed(draft);
    this.open(draft.place);
    this.focus();
  }

  #changed(draft) {
    if (!draft.isOpen) return;
    const isHere = this.#draft && nameOf(draft.place) === nameOf(this.#draft.place);
    if (draft.isSubmitted && !draft.isPending) {
      if (!draft.failed) this.#finish(draft);
      else if (!isHere) notify("A file was not sent. Its post is waiting where you wrote it.");
    }
    if (isHere) this.#show();
  }

  #finish(draft) {
    const { place, text, attachments } = draft;
    const files = attachments.map(({ view }) => view);
    if (!draft.isEmpty) this.#send(place, text.trim() && text, files);
    draft.end();
  }

  #show() {
    const text = this.#draft?.text ?? "";
    if (this.#area.value !== text) this.#area.value = text;
    showRoom(this.#area);
    const drafts = draftsOf(this.#draft?.place);
    const elements = drafts.flatMap(({ attachments }) => attachments.map(({ element }) => element));
    const list = find(".attachments", this.#form);
    for (const gone of [...list.children].filter((element) => !elements.includes(element))) {
      if (gone.contains(document.activeElement)) this.focus();
      gone.remove();
    }
    for (const element of elements) if (!element.isConnected) list.append(element);
    list.hidden = !elements.length;
    find(".composer-hint", this.#form).textContent = hintFor(drafts);
  }
}

function hintFor(drafts) {
  const said = drafts
    .filter(({ isSubmitted }) => isSubmitted)
    .map(({ text }) => (text.trim() ? `“${text}”` : "It"))
    .map((what) => `${what} will be sent as soon as the files are uploaded.`);
  const failed = drafts.reduce((sum, draft) => sum + draft.failed, 0);
  if (failed === 1) said.push("One file was not sent. Try again, or remove it.");
  if (failed > 1) said.push(`${failed} files were not sent. Try again, or remove them.`);
  if (drafts.some(({ attachments }) => attachments.length === MAX_FILES))
    said.push(`A post can have at most ${MAX_FILES} files.`);
  return said.join(" ");
}
