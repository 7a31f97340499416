/** Shows a post where it stands: it has the focus, and is marked for a moment. */

const MARKED_MS = 3_000;

export function reveal(element) {
  element.scrollIntoView({ block: "center" });
  element.tabIndex = -1;
  element.focus({ preventScroll: true });
  element.classList.remove("found");
  void element.offsetWidth; // or the mark of before would not begin anew
  element.classList.add("found");
  setTimeout(() => element.classList.remove("found"), MARKED_MS);
}
