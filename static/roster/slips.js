/** Slips to cut out, one for each person: who she is, and the link that makes the account hers. */

import { askPatiently } from "../api.js";
import { find, make } from "../page/dom.js";
import { longDateOf } from "../page/format.js";
import { addressOfLink, isForThisMachineOnly } from "../page/links.js";

const AT_ONCE = 20; // QR codes of one request
const LASTS_DAYS = 14;

let areKept = true; // printed, as far as a page can know that

/** Shows the slips of people who were just enrolled, or got a new link; those of before stay. */
export async function showSlips({ people, addresses }) {
  areKept = false;
  const slips = people.map(({ id, name, username, link }) => {
    const address = addressOfLink(link, addresses);
    find(`#slip-${id}`)?.remove(); // its link is worthless now
    return { id, name, username, address };
  });
  const elements = slips.map(slipOf);
  find("#slips").prepend(...elements);
  find("#slips-part").hidden = false;
  find("#own-machine").hidden = !slips.some(({ address }) => isForThisMachineOnly(address));
  find("#own-address").textContent = slips[0].address.origin;
  find("#print").disabled = true;
  for (let at = 0; at < slips.length; at += AT_ONCE) {
    const texts = slips.slice(at, at + AT_ONCE).map(({ address }) => address.href);
    const drawn = await askPatiently("POST", "/qr-codes", { texts });
    drawn.qr_codes.forEach((src, number) => (find(".qr", elements[at + number]).src = src));
  }
  find("#print").disabled = false;
}

function slipOf({ id, name, username, address }) {
  const until = longDateOf(Date.now() + LASTS_DAYS * 86_400_000);
  return make(
    "li",
    { className: "slip", id: `slip-${id}` },
    make("img", { className: "qr", alt: `QR code of the link of ${name}`, width: 128, height: 128 }),
    make("p", { className: "slip-group" }, find("#group-name").textContent),
    make("h3", {}, name),
    make("p", {}, "Your username ", make("strong", {}, username)),
    make("p", {}, `Point a camera at the picture, or open the link, and choose a password by ${until}.`),
    make("p", {}, `From then on you sign in at ${address.host}.`),
    make("p", { className: "slip-link" }, address.href),
  );
}

find("#print").addEventListener("click", () => print());
addEventListener("afterprint", () => (areKept = true));
addEventListener("beforeunload", (leaving) => {
  if (!areKept) leaving.preventDefault();
});
