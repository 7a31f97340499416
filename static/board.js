/**
 * The board: what is shown follows from the address and from the lists. A post that the address
 * names is shown in its place, once.
 */

import { AccountDialog } from "./account_dialog.js";
import { askAs, askPatiently } from "./api.js";
import { boardDialogs } from "./board_dialogs.js";
import { OpenChannel } from "./channel.js";
import { GroupButtons } from "./group/buttons.js";
import { Moderation } from "./group/moderation.js";
import { whenMuteEnds } from "./group/own_mute.js";
import { Reports } from "./group/reports.js";
import { Applications } from "./lists/applications.js";
import { channelNames } from "./lists/channel_names.js";
import { Channels } from "./lists/channels.js";
import { Groups } from "./lists/groups.js";
import { Mentions } from "./lists/mentions.js";
import { MentionsDialog } from "./lists/mentions_dialog.js";
import { People } from "./lists/people.js";
import { Sidebar } from "./lists/sidebar.js";
import { UnsentDialog } from "./lists/unsent_dialog.js";
import { Warnings } from "./lists/warnings.js";
import { Live } from "./live.js";
import { Outbox } from "./outbox.js";
import { addressOf, addressOfPost, placeOf } from "./page/address.js";
import { showConnection } from "./page/connection_status.js";
import { Context } from "./page/context.js";
import { notify } from "./page/dialogs.js";
import { button, find, loadFailedPictures, make, onClosed } from "./page/dom.js";
import { listOf, personName } from "./page/format.js";
import { loadDialogs } from "./page/later_dialog.js";
import { settled, visit } from "./page/layers.js";
import { Pins } from "./pins.js";
import { forgetDrafts } from "./posts/draft.js";
import { DraftStorage } from "./posts/draft_storage.js";
import { Unfinished, textOf } from "./posts/unfinished.js";
import { Search } from "./search.js";
import { Thread } from "./thread.js";

const PERSONAL = `#groups, #channels, #people, #account, #nothing, #mentions, #code,
  #search-results, #search-here-name, #channel-name, #channel-description, #members-title,
  #account-username, #confirm-text, #pins ul, #reports, #report-post, #report-disclosure,
  #warned-text, #code-link, #addresses, #unfinished, #unsent, #scores-title, #score-game, #scores,
  #waiting, #banned, #record, #applications, #archived, #member-title, #member-about, #read-only,
  #about-group-title, #group-about, #delete-group-title, #mute-state`;

const LINK_MADE = `Somebody who may has made a link that sets a new password for your account. If you did
  not ask for it, tell an administrator of this server.`;

const me = await askPatiently("GET", "/me", undefined, { patience: Infinity }).catch((problem) => {
  if (problem.status === 401) location.replace(`/sign-in${location.hash}`);
  throw problem;
});

askAs(me.id);

const live = new Live({ user: me.id, state: showState });
const people = new People(live, me);
const outbox = new Outbox({ user: me.id });
const drafts = new DraftStorage(me.id);
const context = new Context({ me, live, people, outbox, drafts });
context.pins = new Pins(context);

const unsent = () => [...outbox.unsent, ...drafts.all].map(textOf);
const account = new AccountDialog(me, live, { unsent });
const mentions = new Mentions(live);
const groups = new Groups(live, mentions);
const channels = new Channels(live, me, mentions);
const reports = new Reports(live);
const nameOf = channelNames(groups, channels);
const sidebar = new Sidebar();
const openChannel = new OpenChannel(context, channels);
const thread = new Thread(context);
const search = new Search(context, nameOf);
const moderation = new Moderation(live);
const groupButtons = new GroupButtons(context, moderation, reports);
const applications = new Applications(live);
new MentionsDialog(mentions, people, nameOf);
new Unfinished(context, goOnWith);
new UnsentDialog(context, nameOf);
const warnings = new Warnings(context, nameOf);
const dialogs = boardDialogs(context, { channels, moderation, reports, nameOf });

let isShown = false; // the post or the game that the address names

/**
 * Brings everything in line with the address and the lists, as far as they are loaded. A new group
 * may be in the address before it is in the list: until it is, the address stays as it is.
 */
function show() {
  if (!groups.isLoaded) return;
  const wanted = placeOf(location.hash);
  const before = context.group;
  const isLost = before !== null && !groups.find(before.id);
  if (isLost) notify(`You are no longer in ${before.name}.`);
  const found = groups.find(wanted.groupId);
  const isAwaited = before !== null && !isLost && wanted.groupId && !found;
  const group = found ?? groups.find(before?.id) ?? groups.first;
  context.group = group;
  groups.select(group?.id ?? null);
  channels.open(group);
  people.open(group);
  reports.open(group);
  moderation.open(group);
  groupButtons.show();
  dialogs.members.show();
  dialogs.group.show();
  whenMuteEnds(context, () => groups.load());
  if (!group || !channels.isLoaded) return showChannel(null);
  const readable = [wanted.channelId, context.channel?.id]
    .map((id) => channels.find(id))
    .find((channel) => channel?.readable);
  showChannel(readable ?? channels.first);
  if (context.channel && !isAwaited && (isLost || !wanted.channelId)) {
    goTo({ groupId: group.id, channelId: context.channel.id });
  }
  if ((wanted.postId || wanted.game) && !isShown) showNamed(wanted);
}

async function showNamed({ channelId, postId, replyId, game }) {
  isShown = true;
  if (context.channel?.id !== channelId) return notify("You can no longer read that channel.");
  goTo({ groupId: context.group.id, channelId });
  if (game) return dialogs.scores.open(game);
  thread.close();
  const post = await openChannel.reveal(postId);
  if (post === null) notify("That post is no longer there.");
  if (post && replyId) thread.open(post, replyId);
}

/** Shows the place of a reply, or of an edit, which opens by itself. */
async function goOnWith({ kind, postId }, parentId) {
  const post = await openChannel.reveal(parentId ?? postId);
  if (post && (parentId || kind === "reply")) thread.open(post, parentId && postId);
  showAuthors();
}

function goTo(place) {
  history.replaceState(history.state, "", addressOf(place));
}

function showChannel(channel) {
  if (channel?.id !== context.channel?.id) thread.close();
  openChannel.open(channel);
  channels.select(channel?.id ?? null);
  showNothing();
  showUnread();
}

function showNothing() {
  const place = find("#nothing");
  place.hidden = Boolean(context.channel) || (context.group !== null && !channels.isLoaded);
  const [title, text, ...verbs] = whatIsMissing(context);
  const isFocused = place.contains(document.activeElement);
  place.replaceChildren(make("h1", {}, title), make("p", {}, text), ...verbs);
  if (isFocused) find("#main").focus();
}

function whatIsMissing({ group, mayModerate }) {
  const primary = { className: "primary" };
  if (!groups.isLoaded) return ["One moment…", "Your groups are loading."];
  if (!group && applications.all.length) {
    const names = listOf(applications.all.map((asked) => asked.group.name));
    const text = `You have asked to join ${names}. As soon as a moderator lets you in, it opens here.`;
    return ["Waiting to be let in", text];
  }
  if (!group) {
    const text = "A group is for a class, a club or a team. Join one with a code, or create one.";
    const join = button("Join or create a group", () => find("#new-group").click(), primary);
    const run = make("a", { className: "button", href: "/admin" }, "Administration");
    return ["Welcome", text, join, ...(me.role === "admin" ? [run] : [])];
  }
  if (mayModerate) {
    const text = "Posts go into channels. Create the first one: “general” is a good name.";
    return [group.name, text, button("Create a channel", () => dialogs.channel.open(group), primary)];
  }
  return [group.name, "There are no channels yet. A moderator of the group can create one."];
}

/** Shows in the title and on the button of the menu whether there is something to read. */
function showUnread() {
  const { unread } = channels;
  if (channels.isLoaded) groups.count(unread);
  const isUnread = unread > 0 || groups.isUnreadElsewhere;
  const isWaited = moderation.waiting.length > 0;
  find("#menu").classList.toggle("has-unread", isUnread || isWaited);
  const [read, letIn] = [isUnread && ", with something to read", isWaited && ", somebody waits"];
  find("#menu .hidden-label").textContent = `Groups and channels${read || ""}${letIn || ""}`;
  const { channel, group } = context;
  const names = [channel?.name, group?.name ?? "Board", "Homeroom"].filter(Boolean);
  const count = unread >= 100 ? "(99+) " : unread ? `(${unread}) ` : isUnread ? "• " : "";
  document.title = `${count}${names.join(" · ")}`;
}

function showState(state) {
  showConnection(state);
  if (state === "live") {
    outbox.hurry();
    search.retry();
    loadFailedPictures();
    loadDialogs();
  }
  if (state !== "signed out") return;
  find("#signed-out a").href = `/sign-in${location.hash}`;
  empty();
  find("#signed-out").showModal();
}

/** Removes everything personal from the page. */
function empty() {
  live.close();
  thread.close();
  openChannel.open(null);
  channels.open(null);
  people.open(null);
  reports.open(null);
  moderation.open(null);
  for (const list of [groups, mentions, applications, warnings]) list.end();
  drafts.end();
  forgetDrafts();
  for (const shown of document.querySelectorAll("dialog[open]")) shown.close();
  for (const shown of document.querySelectorAll(PERSONAL)) shown.replaceChildren();
  document.title = "Homeroom";
}

function showAuthors() {
  openChannel.showAuthors();
  thread.showAuthors();
}

async function tellMention(mention) {
  const { channel_id: channelId, parent_id: parentId, group_id: groupId } = mention;
  const isInView = context.channel?.id === channelId && [null, thread.postId].includes(parentId);
  if (isInView && document.visibilityState === "visible") return;
  const name = personName(people.of(mention.by));
  const where = await nameOf(channelId, groupId);
  notify(`${name} mentioned you in ${where}`, addressOfPost(mention));
}

groups.addEventListener("changed", show);
groups.addEventListener("failed", ({ detail }) => detail.status === 401 && showState("signed out"));
channels.addEventListener("changed", show);
channels.addEventListener("changed", showAuthors);
channels.addEventListener("group", () => groups.load());
channels.addEventListener("role", ({ detail: role }) => groups.changeRole(role));
channels.addEventListener("counted", showUnread);
groups.addEventListener("counted", showUnread);
groups.addEventListener("asked", ({ detail: group }) => {
  notify(`You have asked to join ${group.name}. A moderator has to let you in.`);
  applications.load();
});
applications.addEventListener("changed", showNothing);
moderation.addEventListener("changed", showUnread);
people.addEventListener("changed", () => {
  account.show(people.of(me) ?? me);
  showAuthors();
});
openChannel.addEventListener("replies", ({ detail: post }) => thread.open(post));
openChannel.addEventListener("left", () => {
  const { id: groupId } = context.group;
  thread.close();
  settled(() => goTo({ groupId }));
  channels.reload();
});
account.addEventListener("signed-out", () => {
  outbox.empty();
  drafts.empty();
  empty();
});
search.addEventListener("chosen", ({ detail: { post, group_id } }) => {
  const { id: post_id, channel_id, parent } = post;
  visit(addressOfPost({ group_id, channel_id, post_id, parent_id: parent?.id }));
});
mentions.addEventListener("mentioned", ({ detail: mention }) => tellMention(mention));
mentions.addEventListener("told", ({ detail: kind }) => kind === "link.made" && notify(LINK_MADE));
addEventListener("hashchange", () => {
  isShown = false;
  show();
  sidebar.close();
});
// Where the browser does not know `closedby`, Escape closes it
onClosed(find("#signed-out"), () => find("#signed-out").showModal());

showNothing();
live.connect();
