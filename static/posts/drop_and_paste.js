/** Files that are dropped on a part of the page, or pasted while somebody writes. */

import { notify } from "../page/dialogs.js";

const RICH = ["text/html", "text/rtf"];

/** Calls `take(files)` with what is dropped on an element, where `mayTake()`. */
export function onFilesDropped(within, { mayTake, take }) {
  const takes = ({ dataTransfer }) => dataTransfer.types.includes("Files") && mayTake();
  const mark = (isOver) => within.classList.toggle("takes-files", isOver);
  within.addEventListener("dragover", (dragged) => {
    if (!takes(dragged)) return;
    dragged.preventDefault();
    dragged.dataTransfer.dropEffect = "copy";
    mark(true);
  });
  within.addEventListener("dragleave", ({ relatedTarget }) => {
    if (!within.contains(relatedTarget)) mark(false);
  });
  within.addEventListener("drop", (dropped) => {
    mark(false);
    if (!takes(dropped)) return;
    dropped.preventDefault();
    take(filesOf(dropped.dataTransfer));
  });
}

/** Calls `take(files)` with what is pasted into a text area. */
export function onFilesPasted(area, take) {
  area.addEventListener("paste", (pasted) => {
    const { files, types } = pasted.clipboardData;
    const isTable = types.includes("text/plain") && RICH.some((type) => types.includes(type));
    if (!files.length || isTable) return; // a table is also offered as a picture
    pasted.preventDefault();
    take(files);
  });
}

/** The dropped files, without folders, which no browser can send. */
function filesOf({ items }) {
  const dropped = [...items].filter(({ kind }) => kind === "file");
  const files = dropped.filter((item) => !item.webkitGetAsEntry?.()?.isDirectory);
  if (files.length < dropped.length)
    notify("Folders cannot be attached, but the files in them can.");
  return files.map((item) => item.getAsFile());
}

for (const kind of ["dragover", "drop"]) {
  addEventListener(kind, (dragged) => {
    if (dragged.defaultPrevented || !dragged.dataTransfer?.types.includes("Files")) return;
    dragged.preventDefault(); // or the file would replace the page
    dragged.dataTransfer.dropEffect = "none";
  });
}
