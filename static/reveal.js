/** Shows a post where it stands, and marks it for a moment. */

const MARKED_MS = 3_000;

export function reveal(element) {
  element.scrollIntoView({ block: "center" });
  element.classList.remove("found");
  void element.offsetWidth; // or the mark of before would not begin anew
  element.classList.add("found");
  setTimeout(() => element.classList.remove("found"), MARKED_MS);
}
