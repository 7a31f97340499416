/** The pictures of a post, large, one at a time: arrow keys turn the pages, Escape closes. */

import { find, onClosed } from "../page/dom.js";
import { onKey } from "../page/keys.js";

const LARGE_PX = 1024; // as the server makes them
const [dialog, picture, state] = ["", "-picture", "-state"].map((part) => find(`#viewer${part}`));
const removal = new MutationObserver(() => opener.isConnected || dialog.close());

let pictures = [];
let current = 0;
let opener = null;

/** Opens the viewer with one of several pictures; it closes when `openedFrom` leaves the page. */
export function openViewer(all, first, openedFrom) {
  [pictures, opener] = [all, openedFrom];
  show(all.indexOf(first));
  dialog.showModal();
  removal.observe(document.body, { childList: true, subtree: true });
}

function show(number) {
  current = (number + pictures.length) % pictures.length;
  const { id, name, image } = pictures[current];
  const scale = Math.min(1, LARGE_PX / Math.max(image.width, image.height));
  picture.width = Math.max(1, Math.round(image.width * scale));
  picture.height = Math.max(1, Math.round(image.height * scale));
  picture.alt = name;
  picture.removeAttribute("src"); // or the previous picture stays until this one is loaded
  picture.src = `/api/files/${id}/thumbnail?size=${LARGE_PX}`;
  say("One moment…");
  find("#viewer-name").textContent = name;
  find("#viewer-count").textContent =
    pictures.length > 1 ? `${current + 1} of ${pictures.length}` : "";
  Object.assign(find("#viewer-download"), { href: `/api/files/${id}`, download: name });
  for (const turn of dialog.querySelectorAll("[data-turn]")) turn.hidden = pictures.length < 2;
}

function say(text) {
  state.textContent = text;
}

picture.addEventListener("load", () => say(""));
picture.addEventListener("error", () => say("It cannot be shown right now."));
onClosed(dialog, () => {
  removal.disconnect();
  picture.removeAttribute("src");
  find("#viewer-name").textContent = "";
  if (!opener.isConnected) find("#scroller").focus();
});
onKey(dialog, (key) => {
  if (key === "ArrowLeft") show(current - 1);
  if (key === "ArrowRight") show(current + 1);
});
dialog.addEventListener("click", ({ target }) => {
  const turn = Number(target.closest("[data-turn]")?.dataset.turn ?? 0);
  if (turn) show(current + turn);
  else if (!target.closest("button, a, img")) dialog.close();
});
