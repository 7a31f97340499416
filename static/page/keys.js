/** What keys mean while somebody writes. */

const isTouch = matchMedia("(pointer: coarse)");

/** Not where it is the only key for a new line, as on a phone. */
export function sends({ key, shiftKey, isComposing }) {
  return key === "Enter" && !shiftKey && !isComposing && !isTouch.matches;
}
