/** Forms that send JSON, and show what is wrong with a field beside it. */

import { find, make } from "./dom.js";
import { onKey } from "./keys.js";
import "./room.js";

const isTouch = matchMedia("(pointer: coarse)");

/** Sends a form with `send(values)`, never twice at once; a `Problem` is shown in the form. */
export function onSubmit(form, send) {
  form.noValidate = true;
  form.addEventListener("submit", async (submitted) => {
    submitted.preventDefault();
    if (form.ariaBusy === "true") return;
    form.ariaBusy = "true";
    clearProblems(form);
    try {
      await send(valuesOf(form));
    } catch (problem) {
      showProblem(form, problem);
    } finally {
      form.ariaBusy = "false";
    }
  });
}

/** Focuses the first field that is empty. */
export function focusFirst(form) {
  const fields = [...form.elements].filter((field) => field.name && field.checkVisibility());
  (fields.find(({ value }) => !value) ?? fields[0])?.focus();
}

/** Enter submits the form, Shift + Enter starts a new line; on a touch screen Enter does that. */
export function submitOnEnter(area) {
  onKey(area, (key, pressed) => {
    const submits = key === "Enter" && !pressed.shiftKey && !isTouch.matches;
    if (!submits || pressed.defaultPrevented) return;
    pressed.preventDefault();
    area.form.requestSubmit();
  });
}

/** The values by name; empty fields are left out unless they are required. */
function valuesOf(form) {
  const values = {};
  for (const field of form.elements) {
    if (!field.name || (field.type === "radio" && !field.checked)) continue;
    if (field.value !== "" || field.required) values[field.name] = field.value;
  }
  return values;
}

/** Those of the values that differ from what the form was filled with. */
export function changesOf(filled, values) {
  const isChanged = ([name, value]) => value !== filled[name];
  return Object.fromEntries(Object.entries(values).filter(isChanged));
}

export function clearProblems(form) {
  for (const message of form.querySelectorAll(".field > .wrong, .refused")) message.remove();
  for (const field of form.querySelectorAll("[aria-invalid]")) {
    field.removeAttribute("aria-invalid");
    describe(field, field.dataset.hint ?? "");
  }
}

function showProblem(form, problem) {
  clearProblems(form);
  const elsewhere = [];
  const wrong = Object.entries(problem.fields ?? {});
  for (const [name, message] of wrong) {
    const field = fieldOf(form, name);
    if (field) showWrong(field, message);
    else elsewhere.push(`${name}: ${message}`);
  }
  if (!wrong.length) elsewhere.push(problem.message);
  if (elsewhere.length) {
    const refused = make("p", { className: "refused", role: "alert" }, elsewhere.join(" "));
    find("[type=submit]", form).closest(".verbs").before(refused);
  }
  find("[aria-invalid]", form)?.focus();
}

/** The field of this name that a person sees, of several the first; or null. */
function fieldOf(form, name) {
  const named = form.elements[name];
  const field = named instanceof RadioNodeList ? named[0] : named;
  return field?.labels?.length && field.checkVisibility() ? field : null;
}

function showWrong(field, message) {
  const text = message.replace(/^(String|Input)/, "It");
  const id = `${field.id || field.name}-wrong`;
  field.dataset.hint ??= field.getAttribute("aria-describedby") ?? "";
  field.setAttribute("aria-invalid", "true");
  describe(field, `${field.dataset.hint} ${id}`.trim());
  field.closest(".field").append(make("p", { className: "wrong", id }, text));
}

function describe(field, ids) {
  if (ids) field.setAttribute("aria-describedby", ids);
  else field.removeAttribute("aria-describedby");
}
