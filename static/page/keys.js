/** The keys that somebody presses, without those that an input method takes to make a word. */

const OF_INPUT_METHOD = 229; // Safari ends a composition before the Enter that confirms it

/** Calls `act(key, pressed)` with each key that is pressed on an element, or on the whole page. */
export function onKey(target, act) {
  target.addEventListener("keydown", (pressed) => {
    const { key, keyCode, isComposing } = pressed;
    if (!isComposing && keyCode !== OF_INPUT_METHOD) act(key, pressed);
  });
}
