/** Dialogs that are loaded after the page is shown, so that it is shown sooner. */

import { attempt } from "./dialogs.js";

const UNREACHED = "This could not be loaded. Try again, or load the page again.";

const all = [];

export class LaterDialog {
  #import;
  #loading = null;
  #opening = null;
  #dialog = null;

  /** `load()` imports the dialog, and promises it made. */
  constructor(load) {
    this.#import = load;
    all.push(this);
  }

  /** Opens it, as soon as it is loaded. */
  open(...given) {
    this.#opening ??= attempt(async () => (await this.load()).open(...given)).finally(() => {
      this.#opening = null;
    });
  }

  /** Has it shown anew, where it is loaded. */
  show() {
    this.#dialog?.show();
  }

  load() {
    return (this.#loading ??= this.#load());
  }

  async #load() {
    try {
      return (this.#dialog = await this.#import());
    } catch (error) {
      this.#loading = null;
      throw new Error(UNREACHED, { cause: error });
    }
  }
}

/** Loads those that are not, so that they are there when there is no connection any more. */
export function loadDialogs() {
  return Promise.allSettled(all.map((dialog) => dialog.load()));
}
