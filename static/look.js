/**
 * How the pages look on this device. It is no module, and runs before anything is shown: so a page
 * never appears in one theme and turns into another. `static/account/look.js` changes it.
 */
{
  const root = document.documentElement;
  const SIZES = { large: "112.5%", larger: "125%" };

  const show = () => {
    let look = {};
    try {
      look = JSON.parse(localStorage.getItem("homeroom-look")) ?? {};
    } catch {
      // nothing is kept here: it looks as the device does
    }
    root.style.colorScheme = ["light", "dark"].includes(look.theme) ? look.theme : "";
    root.style.fontSize = SIZES[look.size] ?? "";
  };

  show();
  addEventListener("storage", show); // another page of this device
  addEventListener("look", show); // this one
}
