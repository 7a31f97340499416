/** Files that are dropped on a part of the page, or pasted while somebody writes. */

import { notify } from "/static/page/dialogs.js";

const RICH = ["text/html", "text/rtf"];

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

export function onFilesPasted(area, take) {
  area.addEventListener("paste", (pasted) => {
    const { files, types } = pasted.clipboardData;
    const isTable = types.includes("text/plain") && RICH.some((type) => types.includes(type));
    if (!files.length || isTable) return; // which comes as a picture, too
    pasted.preventDefault();
    take(files);
  });
}

/** Without folders, which no browser can send as a file. */
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
