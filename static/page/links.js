/** Links that are made for others; one for a single person has a token behind the #, which no log sees. */

const OWN_MACHINE = /^(localhost|127\..+|\[::1\])$/u;

/** The token of the link that was opened, or null. */
export function tokenOfLink() {
  return new URLSearchParams(location.hash.slice(1)).get("token");
}

/** The address of a link, where it has no host; `addresses` are where others reach the server. */
export function addressOfLink(link, addresses) {
  return new URL(link, addresses[0] ?? location.origin);
}

/** Whether an address leads nowhere but on the machine that the server runs on. */
export function isForThisMachineOnly({ hostname }) {
  return OWN_MACHINE.test(hostname);
}
