/** Drafts: posts that are not sent yet, each with its place, its text and its files. */

import { Attachment } from "./attachment.js";
import { nameOf } from "./draft_storage.js";

export const MAX_FILES = 10;

const drafts = new Set();

/** Dispatches `changed` when the state of a file has changed, or another tab has gone on with it. */
export class Draft extends EventTarget {
  text = "";
  attachments = [];
  /** Whether somebody has sent it: it goes out once its files are uploaded. */
  isSubmitted = false;
  #storage;

  /**
   * Begins a draft, or goes on with the one that is kept; `isShown()` says whether it is shown.
   * @param {object} place see `DraftStorage`
   * @param {import("./draft_storage.js").DraftStorage} storage
   */
  constructor(place, storage, isShown) {
    super();
    this.place = place;
    this.#storage = storage;
    const follow = (kept) => this.#follow(kept);
    const kept = storage.open(place, { follow, isShown });
    if (kept && !draftsOf(place).length) {
      this.text = kept.text;
      for (const view of kept.files) this.#add(Attachment.uploaded(view));
      for (const name of kept.lost) this.#add(Attachment.lost(name));
      for (const attachment of this.attachments) attachment.check();
    }
    drafts.add(this);
  }

  /** Whether it is still to be sent. */
  get isOpen() {
    return drafts.has(this);
  }

  get isEmpty() {
    return !this.text.trim() && !this.attachments.length;
  }

  /** Whether it has to wait for its files. */
  get isPending() {
    return this.attachments.some(({ isPending }) => isPending);
  }

  /** How many files could not be uploaded. */
  get failed() {
    return this.attachments.filter(({ problem }) => problem).length;
  }

  write(text) {
    this.text = text;
    this.#save();
  }

  /** Attaches files, as many as a post can have. */
  attach(files) {
    for (const file of [...files].slice(0, MAX_FILES - this.attachments.length)) {
      const attachment = new Attachment(file);
      this.#add(attachment);
      attachment.start();
    }
  }

  /** Puts back what could not be sent: a text, and files as the server has answered them. */
  putBack({ text, files }) {
    this.text = [this.text, text].filter((part) => part.trim()).join("\n\n");
    for (const view of files) this.#add(Attachment.uploaded(view));
    for (const attachment of this.attachments) attachment.check();
    this.#changed();
  }

  submit() {
    this.isSubmitted = true;
    for (const attachment of this.attachments) attachment.check();
  }

  /** Ends the draft: it is sent. */
  end() {
    drafts.delete(this);
    this.#save();
  }

  #add(attachment) {
    attachment.addEventListener("changed", () => this.#changed());
    attachment.addEventListener("removed", () => {
      this.attachments.splice(this.attachments.indexOf(attachment), 1);
      this.#changed();
    });
    this.attachments.push(attachment);
  }

  #changed() {
    if (this.isOpen) this.#save();
    this.dispatchEvent(new Event("changed"));
  }

  /** Keeps all drafts for the place as one: there can be several while files are uploaded. */
  #save() {
    const written = draftsOf(this.place).filter(({ isEmpty }) => !isEmpty);
    const texts = written.map(({ text }) => text).filter((text) => text.trim());
    const attachments = written.flatMap((draft) => draft.attachments);
    const kept = {
      text: texts.join("\n\n"),
      files: attachments.flatMap(({ view }) => view ?? []),
      lost: attachments.flatMap(({ view, name }) => (view ? [] : name)),
    };
    this.#storage.save(this.place, written.length ? kept : null);
  }

  /** Shows what another tab has made of it, unless a part of that is being sent here. */
  #follow(kept) {
    if (draftsOf(this.place).length > 1) return false;
    const files = new Map(kept?.files.map((view) => [view.id, view]));
    const isStill = ({ view, isHereOnly }) => isHereOnly || files.has(view?.id);
    this.text = kept?.text ?? "";
    this.attachments = this.attachments.filter(isStill);
    for (const { view } of this.attachments) files.delete(view?.id);
    for (const view of files.values()) this.#add(Attachment.uploaded(view));
    this.dispatchEvent(new Event("changed"));
    return true;
  }
}

export function draftsOf(place) {
  return [...drafts].filter((draft) => place && nameOf(draft.place) === nameOf(place));
}

/** The draft with which somebody goes on writing at a place. */
export function begunAt(place) {
  return draftsOf(place).find(({ isSubmitted }) => !isSubmitted);
}

/** Puts what could not be sent back to where it was written, in addition to what is there. */
export function putBack(place, item, storage) {
  const begun = begunAt(place);
  const draft = begun ?? new Draft(place, storage, () => false);
  draft.putBack(item);
  if (!begun) drafts.delete(draft); // it is opened again where it is shown
}

/** Forgets all drafts of the page; those in the storage stay there. */
export function forgetDrafts() {
  drafts.clear();
}

addEventListener("beforeunload", (leaving) => {
  const attachments = [...drafts].flatMap((draft) => draft.attachments);
  if (attachments.some(({ isHereOnly }) => isHereOnly)) leaving.preventDefault();
});
