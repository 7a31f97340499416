/** Dialogs, and notices that pass by themselves. */

import "./confirmation.js";
import { closed, find, make } from "./dom.js";
import { Layer } from "./layers.js";

const NOTICE_MS = 6_000;
const notices = find("#notices");

for (const closing of document.querySelectorAll("[data-close]")) {
  closing.addEventListener("click", () => closing.closest("dialog").close());
}
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("toggle", raiseNotices);
  dialog.addEventListener("close", () => {
    const { activeElement: focused, body } = document;
    const isLost = focused === body || dialog.contains(focused); // what has opened it is gone
    if (isLost && !find("dialog:modal")) find("#main").focus();
  });
}
for (const dialog of document.querySelectorAll("dialog:not(#signed-out)")) {
  const layer = new Layer(() => dialog.close());
  const changed = new MutationObserver(() => (layer.isOpen = dialog.open));
  changed.observe(dialog, { attributeFilter: ["open"] });
  dialog.addEventListener("mousedown", (pressed) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    const { clientX: x, clientY: y, target } = pressed;
    const isOutside = x < left || x > right || y < top || y > bottom;
    if (target === dialog && isOutside) dialog.close();
  });
}

/**
 * Asks before something that cannot be undone; promises whether the answer was yes. It is no while
 * another question is open, so that this one does not take its answer.
 */
export async function confirmed(title, text, verb) {
  const dialog = find("#confirm");
  if (dialog.open) return false;
  find("#confirm-title").textContent = title;
  find("#confirm-text").textContent = text;
  find("#confirm-yes").textContent = verb;
  dialog.returnValue = "";
  dialog.showModal();
  await closed(dialog);
  return dialog.returnValue === "yes";
}

/** Shows a notice for some seconds, or until it is clicked; with an address it is a link. */
export function notify(text, address = null) {
  const follow = () => notices.closest("dialog")?.close();
  const said = address ? make("a", { href: address, onclick: follow }, text) : text;
  const notice = make("p", { className: "notice" }, said);
  if (!address) notice.addEventListener("click", () => notice.remove());
  notices.append(notice);
  pass(notice);
}

/** Removes a notice after a while, but not under the pointer or with the focus. */
function pass(notice) {
  setTimeout(() => {
    if (notice.matches(":hover, :focus-within")) pass(notice);
    else notice.remove();
  }, NOTICE_MS);
}

/** Moves the notices into the topmost dialog, which covers everything outside it. */
function raiseNotices() {
  const topmost = [...document.querySelectorAll("dialog:modal")].at(-1) ?? document.body;
  if (notices.parentElement !== topmost) topmost.append(notices);
}

/** Does something, and shows a refusal as a notice; promises whether it was done. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (problem) {
    notify(problem.message);
    return false;
  }
}

/** Has a button do something, as `attempt` does it. */
export function onClick(id, action) {
  find(id).addEventListener("click", () => attempt(action));
}

/** Copies a text to the clipboard, and says so on the button. */
export async function copy(text, button) {
  await navigator.clipboard?.writeText(text).catch(() => null);
  const label = button.textContent;
  button.textContent = navigator.clipboard ? "Copied" : "Select and copy it";
  setTimeout(() => (button.textContent = label), 2_000);
}
