/** Where a page keeps what outlives it. */

/** Keeps nothing. */
export const NO_STORAGE = {
  getItem: () => null,
  setItem() {
    throw new DOMException("The browser keeps nothing.", "SecurityError");
  },
  removeItem() {},
};

/** The storage of the browser, or one that takes nothing, where it forbids or lacks one. */
export function storageOfBrowser() {
  try {
    return localStorage ?? NO_STORAGE;
  } catch {
    return NO_STORAGE;
  }
}
