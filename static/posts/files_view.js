/** The files of a post: pictures in a grid of thumbnails, others as lines to download. */

import { button, icon, make, picture } from "../page/dom.js";
import { sizeOf } from "../page/format.js";
import { openViewer } from "./viewer.js";

const SMALL_PX = 256; // as the server makes them

export class FilesView {
  element = make("div", { className: "files", hidden: true });
  #shown = "[]";

  /** Shows files; `remove(file)` is called by a button that is there if it is given. */
  show(files, remove = null) {
    const shown = JSON.stringify(files);
    if (this.#shown === shown) return;
    this.#shown = shown;
    const pictures = files.filter(({ image }) => image);
    const others = files.filter(({ image }) => !image);
    const lines = others.map((file) => lineOf(file, remove));
    const grid = make("ul", { className: "pictures", hidden: !pictures.length });
    grid.classList.toggle("several", pictures.length > 1);
    const list = make("ul", { className: "file-lines", hidden: !others.length }, ...lines);
    for (const file of pictures) {
      const open = ({ currentTarget }) => openViewer(pictures, file, currentTarget);
      const showAsLine = () => {
        tile.remove();
        list.append(lineOf(file, remove));
        list.hidden = false;
      };
      const tile = tileOf(file, { open, remove, showAsLine });
      grid.append(tile);
    }
    this.element.replaceChildren(grid, list);
    this.element.hidden = !files.length;
  }
}

/** A thumbnail, whose place is kept until it is loaded. */
function tileOf(file, { open, remove, showAsLine }) {
  const { width, height } = file.image;
  const scale = Math.min(1, SMALL_PX / Math.max(width, height));
  const properties = {
    alt: file.name,
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
    loading: "lazy",
    src: `/api/files/${file.id}/thumbnail?size=${SMALL_PX}`,
  };
  const small = picture(properties, showAsLine);
  const opening = make("button", { type: "button", className: "zoom", onclick: open }, small);
  return make("li", {}, opening, removal(file, remove));
}

function lineOf(file, remove) {
  const download = make(
    "a",
    { className: "file", href: `/api/files/${file.id}`, download: file.name, title: file.name },
    icon("file"),
    make("span", { className: "name" }, file.name),
    make("span", { className: "size" }, sizeOf(file.size_bytes)),
    make("span", { className: "hidden-label" }, "Download"),
    icon("download"),
  );
  return make("li", {}, download, removal(file, remove));
}

function removal(file, remove) {
  const act = () => remove(file);
  return remove && button(`Delete ${file.name}`, act, { iconName: "close", className: "plain" });
}
