/**
 * What lies over the page (the thread, dialogs, the drawer), as states of history: Back closes the
 * topmost one, instead of leaving the page. Above its place the history has as many states as there
 * are layers. It is brought in line with them whenever one opens or closes, and wherever Back,
 * Forward or a reload have led.
 */

const layers = []; // those that are open, the topmost last
let isMoving = false; // the history was asked to go back, which takes a moment
let following = null; // called as soon as the history is where it should be

export class Layer {
  /** `close()` is called by Back while the layer is open. */
  constructor(close) {
    this.close = close;
  }

  /** To be set whenever it opens or closes. */
  set isOpen(isOpen) {
    if (isOpen === layers.includes(this)) return;
    if (isOpen) layers.push(this);
    else layers.splice(layers.indexOf(this), 1);
    queueMicrotask(settle);
  }
}

/** Closes all layers and takes their states off, then calls `follow()`, which may go elsewhere. */
export function uncover(follow) {
  closeDownTo(0);
  following = follow;
  settle();
}

/** Calls `follow()` once the history is in line with the layers, unless it goes elsewhere first. */
export function settled(follow) {
  following ??= follow;
  queueMicrotask(settle);
}

/** Goes to another address of the page. */
export function visit(hash) {
  uncover(() => (location.hash = hash));
}

function settle() {
  if (isMoving) return;
  while (depth() < layers.length) history.pushState({ layers: depth() + 1 }, "");
  if (depth() > layers.length) {
    isMoving = true;
    history.go(layers.length - depth());
  } else if (following) {
    const follow = following;
    following = null;
    follow();
  }
}

/** How many states lie above the place where the history is. */
function depth() {
  return history.state?.layers ?? 0;
}

function closeDownTo(count) {
  while (layers.length > count) layers.pop().close();
}

addEventListener("popstate", () => {
  if (!isMoving) closeDownTo(depth());
  isMoving = false;
  settle();
});
addEventListener("click", (clicked) => {
  const link = clicked.target.closest?.("a[href^='#']");
  const isForNewTab = clicked.ctrlKey || clicked.metaKey || clicked.shiftKey;
  if (!link || isForNewTab || clicked.defaultPrevented || depth() === 0) return;
  clicked.preventDefault();
  visit(link.hash);
});
settle(); // after a reload nothing lies over the page
