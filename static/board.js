/**
 * The board: what is shown follows from the address (`#group=1&channel=2`) and from the lists. With
 * `&post=3`, and `&reply=4`, that post is shown where it stands.
 */

import { Account } from "/static/account.js";
import { askPatiently } from "/static/api.js";
import { OpenChannel } from "/static/channel.js";
import { ChannelDialog } from "/static/lists/channel_dialog.js";
import { Channels } from "/static/lists/channels.js";
import { notify } from "/static/page/dialogs.js";
import { button, find, loadFailedPictures, make } from "/static/page/dom.js";
import { forgetDrafts } from "/static/posts/draft.js";
import { Groups } from "/static/lists/groups.js";
import { Live } from "/static/live.js";
import { Mentions, addressOf } from "/static/lists/mentions.js";
import { MentionsDialog } from "/static/lists/mentions_dialog.js";
import { channelNames } from "/static/lists/channel_names.js";
import { Outbox } from "/static/outbox.js";
import { People } from "/static/lists/people.js";
import { Search } from "/static/search.js";
import { Sidebar } from "/static/lists/sidebar.js";
import { showConnection } from "/static/page/connection_status.js";
import { Thread } from "/static/thread.js";

const PERSONAL = `#groups, #channels, #people, #sessions, #account, #nothing, #mentions, #code,
  #search-results, #search-here-name, #channel-name, #channel-description, #members-title,
  #account-username, #confirm-text, #code-link`;

const me = await askPatiently("GET", "/me", undefined, { patience: Infinity }).catch((problem) => {
  if (problem.status === 401) location.replace("/sign-in");
  throw problem;
});

const live = new Live({ state: showState });
const account = new Account(me);
const outbox = new Outbox({ user: me.id });
const people = new People(live, me);
const mentions = new Mentions(live);
const groups = new Groups(live, mentions);
const channels = new Channels(live, me, mentions);
const names = channelNames(groups, channels);
const sidebar = new Sidebar();
const dialog = new ChannelDialog(me, people);

let group = null;
let sought = seekIn(location.hash);
const context = {
  me: me.id,
  username: me.username,
  myName: () => me.name,
  people,
  outbox,
  channel: () => open.channel,
  mayModerate: () => group !== null && group.role !== "member",
};
const thread = new Thread(live, context);
const open = new OpenChannel(live, channels, { ...context, open: (post) => thread.open(post) });
new MentionsDialog(mentions, { people, names });
const search = new Search({ channel: () => open.channel, names });

/**
 * Brings everything in line with the address and the lists, as far as they have come. What was just
 * made may be in the address before it is in a list: until then all stays as it is.
 */
function show() {
  if (!groups.isLoaded) return;
  const wanted = new URLSearchParams(location.hash.slice(1));
  const before = group;
  const isLost = before !== null && !groups.find(before.id);
  if (isLost) notify(`You are no longer in ${before.name}.`);
  const found = groups.find(Number(wanted.get("group")));
  const isAwaited = before !== null && !isLost && wanted.has("group") && !found;
  group = found ?? groups.find(before?.id) ?? groups.all[0] ?? null;
  groups.select(group?.id ?? null);
  channels.open(group);
  people.open(group);
  if (!group || !channels.isLoaded) return showChannel(null);
  const readable = [Number(wanted.get("channel")), open.channel?.id]
    .map((id) => channels.find(id))
    .find((channel) => channel?.readable);
  showChannel(readable ?? channels.first);
  if (open.channel && !isAwaited && (isLost || !wanted.has("channel"))) {
    goTo(`#group=${group.id}&channel=${open.channel.id}`);
  }
  if (sought) showSought();
}

/** The post that an address names. */
function seekIn(address) {
  const given = new URLSearchParams(address.slice(1));
  const [channelId, postId, replyId] = ["channel", "post", "reply"].map((it) => +given.get(it));
  return postId ? { channelId, postId, replyId } : null;
}

async function showSought() {
  const { channelId, postId, replyId } = sought;
  sought = null;
  if (open.channel?.id !== channelId) return notify("You may not read that channel any more.");
  goTo(`#group=${group.id}&channel=${channelId}`);
  thread.close();
  const post = await open.reveal(postId);
  if (post === null) notify("That post is not there any more.");
  if (post && replyId) thread.open(post, replyId);
}

function goTo(address) {
  history.replaceState(null, "", address);
}

function showChannel(channel) {
  if (channel?.id !== open.channel?.id) thread.close();
  open.open(channel);
  channels.select(channel?.id ?? null);
  showNothing();
  showTitle();
}

function showNothing() {
  const place = find("#nothing");
  place.hidden = Boolean(open.channel) || (group !== null && !channels.isLoaded);
  const [title, text, ...verbs] = whatIsMissing();
  place.replaceChildren(make("h1", {}, title), make("p", {}, text), ...verbs);
}

function whatIsMissing() {
  const primary = { className: "primary" };
  if (!groups.isLoaded) return ["One moment…", "Your groups are on their way."];
  if (!group) {
    const text = "A group is where a class or a team meets. Join one with a code, or make your own.";
    return ["Welcome", text, button("Join or make a group", () => find("#new-group").click(), primary)];
  }
  if (context.mayModerate()) {
    const text = "A channel is where posts go. Make the first one: “general” is a good name.";
    return [group.name, text, button("Make a channel", () => dialog.open(group), primary)];
  }
  return [group.name, "There is no channel yet. A moderator of the group makes them."];
}

function showTitle() {
  const { unread } = channels;
  const names = [open.channel?.name, group?.name ?? "Board", "Homeroom"].filter(Boolean);
  document.title = `${unread ? `(${unread >= 100 ? "99+" : unread}) ` : ""}${names.join(" · ")}`;
}

function showState(state) {
  showConnection(state);
  if (state === "live") {
    search.retry();
    loadFailedPictures();
  }
  if (state !== "signed out") return;
  empty();
  find("#signed-out").showModal();
}

/** Nothing that belongs to somebody stays on the page. */
function empty() {
  live.close();
  thread.close();
  open.open(null);
  channels.open(null);
  people.open(null);
  groups.isLoaded = false;
  forgetDrafts();
  for (const shown of document.querySelectorAll("dialog[open]")) shown.close();
  for (const shown of document.querySelectorAll(PERSONAL)) shown.replaceChildren();
  document.title = "Homeroom";
}

function showAuthors() {
  open.showAuthors();
  thread.showAuthors();
}

groups.addEventListener("changed", show);
groups.addEventListener("failed", ({ detail }) => detail.status === 401 && showState("signed out"));
channels.addEventListener("changed", show);
channels.addEventListener("changed", showAuthors);
channels.addEventListener("group", () => groups.load());
channels.addEventListener("counted", showTitle);
people.addEventListener("changed", () => {
  account.show(people.of(me) ?? me);
  showAuthors();
});
open.addEventListener("left", () => {
  goTo(`#group=${group.id}`);
  thread.close();
  channels.reload();
});
account.addEventListener("signed-out", () => {
  outbox.empty();
  empty();
});
search.addEventListener("chosen", ({ detail: { post, group_id } }) => {
  const { id: post_id, channel_id, parent } = post;
  location.hash = addressOf({ group_id, channel_id, post_id, parent_id: parent?.id });
});
mentions.addEventListener("mentioned", async ({ detail: mention }) => {
  const { channel_id: channelId, parent_id: parentId, group_id: groupId } = mention;
  const isInView = open.channel?.id === channelId && [null, thread.postId].includes(parentId);
  if (isInView && document.visibilityState === "visible") return;
  const name = people.of(mention.by)?.name ?? "Somebody who left";
  const where = await names(channelId, groupId);
  notify(`${name} mentions you in ${where}`, addressOf(mention));
});
addEventListener("hashchange", () => {
  sought = seekIn(location.hash);
  show();
  sidebar.close();
});
// Escape closes it where `closedby` is unknown
find("#signed-out").addEventListener("close", ({ target }) => target.showModal());
find("#new-channel").addEventListener("click", () => dialog.open(group));
find("#channel-settings").addEventListener("click", () => dialog.open(group, open.channel));

showNothing();
live.connect();
