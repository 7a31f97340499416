/** Drafts: posts that are not sent yet, each with its place, its text and its files. */

import { Attachment } from "/static/posts/attachment.js";

export const MAX_FILES = 10;

const drafts = new Set();

/** Dispatches `changed` when the state of a file has changed. */
export class Draft extends EventTarget {
  text = "";
  attachments = [];
  /** Whether somebody has sent it: it goes out once its files are uploaded. */
  isSubmitted = false;

  /** A draft that is written in `form`; `place` is a channel, or a post to reply to. */
  constructor(form, place) {
    super();
    this.form = form;
    this.place = place;
    drafts.add(this);
  }

  get isEmpty() {
    return !this.text.trim() && !this.attachments.length;
  }

  get isUploading() {
    return this.attachments.some(({ isUploading }) => isUploading);
  }

  /** How many files could not be uploaded. */
  get failed() {
    return this.attachments.filter(({ problem }) => problem).length;
  }

  /** Attaches files, as many as a post can have. */
  attach(files) {
    for (const file of [...files].slice(0, MAX_FILES - this.attachments.length)) {
      const attachment = new Attachment(file);
      attachment.addEventListener("changed", () => this.#changed());
      attachment.addEventListener("removed", () => this.#remove(attachment));
      this.attachments.push(attachment);
      attachment.start();
    }
  }

  /** Ends the draft; whether it was still there to be sent. */
  end() {
    return drafts.delete(this);
  }

  #remove(attachment) {
    this.attachments.splice(this.attachments.indexOf(attachment), 1);
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("changed"));
  }
}

export function draftsOf(form, place) {
  return [...drafts].filter((draft) => draft.form === form && draft.place.id === place?.id);
}

/** Forgets all drafts when somebody signs out. */
export function forgetDrafts() {
  drafts.clear();
}

addEventListener("beforeunload", (leaving) => {
  if ([...drafts].some(({ isEmpty }) => !isEmpty)) leaving.preventDefault();
});
