/** The token of a link that was sent to somebody: behind the #, which no server and no log sees. */

export function tokenOfLink() {
  return new URLSearchParams(location.hash.slice(1)).get("token");
}
