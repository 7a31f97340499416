/** A front end with its own copies of the modules: it works while the server is away. */

import { ask, askPatiently } from "./api.js";
import { Live } from "./live.js";
import { Outbox } from "./outbox.js";

const asked = new URLSearchParams(location.search);
const [server, channelId] = [asked.get("server"), Number(asked.get("channel"))];
const form = { username: asked.get("username"), password: asked.get("password"), token: true };
const find = (id) => document.getElementById(id);

const session =
  JSON.parse(sessionStorage.getItem("session")) ?? (await ask("POST", "/sessions", form, { server }));
sessionStorage.setItem("session", JSON.stringify(session));

const { token, user } = session;
const outbox = new Outbox({ user: user.id, server, token });
const live = new Live({ server, token, state: (name) => (document.title = name) });

function line(text) {
  return Object.assign(document.createElement("li"), { textContent: text });
}

function show(post) {
  find("posts").append(line(post.text));
}

function showPending() {
  find("pending").replaceChildren(...outbox.of(channelId).map(({ text }) => line(text)));
}

async function load() {
  const path = `/channels/${channelId}/posts?limit=100`;
  const list = await askPatiently("GET", path, undefined, { server, token, patience: Infinity });
  find("posts").replaceChildren();
  list.posts.reverse().forEach(show);
  outbox.settleListed(channelId, list.posts);
  live.subscribe(list.live, {
    event(event) {
      if (event.kind === "post.created") show(event.data);
      outbox.settle(event);
    },
    refetch: load,
    presence: (people) => (find("here").textContent = people.map(({ name }) => name).sort().join(", ")),
    signal: ({ name, from }) => (find("signals").textContent = `${from.name}: ${name}`),
  });
}

outbox.addEventListener("changed", showPending);
showPending();
find("write").addEventListener("submit", (submitted) => {
  submitted.preventDefault();
  outbox.add(channelId, null, find("text").value);
  find("text").value = "";
});
find("renew").addEventListener("click", async () => {
  const renewed = await ask("POST", "/sessions", form, { server });
  live.renew(renewed.token);
  outbox.renew(renewed.token);
});
find("sign-out").addEventListener("click", async () => {
  outbox.empty();
  live.close();
  sessionStorage.clear();
  document.title = "signed out";
});
live.connect();
await load();
