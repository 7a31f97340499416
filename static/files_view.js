/** The files of a post: pictures as a grid of small ones, others as lines to download. */

import { button, icon, make } from "/static/dom.js";
import { view } from "/static/viewer.js";

const SMALL_PX = 256; // as the server makes them
const TRY_AGAIN_AFTER_MS = [1_000, 4_000, 16_000];
const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

export class FilesView {
  element = make("div", { className: "files", hidden: true });
  #shown = "[]";

  /** `remove(file)` for whoever may. */
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
    for (const picture of pictures) {
      const open = () => view(pictures, picture);
      const replace = () => {
        list.append(lineOf(picture, remove));
        list.hidden = false;
      };
      grid.append(tileOf(picture, open, replace));
    }
    this.element.replaceChildren(grid, list);
    this.element.hidden = !files.length;
  }
}

export function sizeOf({ size_bytes: bytes }) {
  const step = Math.min(UNITS.length - 1, Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1000)));
  const style = { style: "unit", unit: UNITS[step], maximumFractionDigits: step > 1 ? 1 : 0 };
  return new Intl.NumberFormat(undefined, style).format(bytes / 1000 ** step);
}

/** Its place is kept before the picture is there; what cannot be shown becomes a line. */
function tileOf(file, open, replace) {
  const { width, height } = file.image;
  const scale = Math.min(1, SMALL_PX / Math.max(width, height));
  const small = `/api/files/${file.id}/thumbnail?size=${SMALL_PX}`;
  const picture = make("img", {
    alt: file.name,
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
    loading: "lazy",
    src: small,
  });
  const tile = make("li", {}, make("button", { type: "button", onclick: open }, picture));
  let tries = 0;
  picture.addEventListener("error", () => {
    const pause = TRY_AGAIN_AFTER_MS[tries++];
    if (pause) return void setTimeout(() => (picture.src = small), pause);
    tile.remove();
    replace();
  });
  return tile;
}

function lineOf(file, remove) {
  const download = make(
    "a",
    { className: "file", href: `/api/files/${file.id}`, download: file.name, title: file.name },
    icon("file"),
    make("span", { className: "name" }, file.name),
    make("span", { className: "size" }, sizeOf(file)),
    make("span", { className: "hidden-label" }, "Download"),
    icon("download"),
  );
  const line = make("li", {}, download);
  const label = `Delete ${file.name}`;
  if (remove)
    line.append(button(label, () => remove(file), { iconName: "close", className: "plain" }));
  return line;
}
