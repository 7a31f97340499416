/** Posts that are not sent yet: what is written for a place, and the files that go with it. */

import { Attachment } from "/static/posts/attachment.js";

export const MAX_FILES = 10;

const drafts = new Set();

/** Tells `changed` when something has become of a file. */
export class Draft extends EventTarget {
  text = "";
  attachments = [];
  /** Somebody has sent it: it goes when its files are there. */
  isSubmitted = false;

  /** Written in `form`, for a channel or a post. */
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

  /** How many files were not sent. */
  get failed() {
    return this.attachments.filter(({ problem }) => problem).length;
  }

  /** As many as a post may have. */
  attach(files) {
    for (const file of [...files].slice(0, MAX_FILES - this.attachments.length)) {
      const attachment = new Attachment(file);
      attachment.addEventListener("changed", () => this.#changed());
      attachment.addEventListener("removed", () => this.#remove(attachment));
      this.attachments.push(attachment);
      attachment.start();
    }
  }

  /** Whether it was still there to be sent. */
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

/** Somebody signs out. */
export function forgetDrafts() {
  drafts.clear();
}

addEventListener("beforeunload", (leaving) => {
  if ([...drafts].some(({ isEmpty }) => !isEmpty)) leaving.preventDefault();
});
