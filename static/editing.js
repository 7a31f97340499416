/** Changing the text of a post where it stands. */

import { button, find, make } from "/static/dom.js";

/** `save(text)` tells whether it was saved; `done()` puts back what stood in `place`. */
export function edit(place, post, { save, done }) {
  if (find("form", place)) return;
  const area = make("textarea", {
    value: post.text,
    maxLength: 4000,
    required: !post.files.length,
    ariaLabel: "Text of the post",
    dir: "auto",
  });
  const saving = make("button", { type: "submit", className: "primary" }, "Save");
  const form = make(
    "form",
    { className: "editing" },
    area,
    make("p", { className: "verbs" }, saving, button("Cancel", done)),
  );
  form.addEventListener("keydown", (pressed) => {
    if (pressed.key === "Escape") done();
    if (pressed.key === "Enter" && !pressed.shiftKey && !pressed.isComposing) {
      pressed.preventDefault();
      form.requestSubmit();
    }
  });
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    if (await save(area.value)) done();
    form.ariaBusy = "false";
  });
  place.replaceChildren(form);
  area.focus();
  area.setSelectionRange(area.value.length, area.value.length);
}
