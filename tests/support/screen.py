"""What a client has on its screen: what it fetched, and what the events made of it."""

from operator import itemgetter
from typing import Any

from tests.live.client import Message
from tests.support.examples import Example, examples, filled, parameters
from tests.support.people import Person

OF_READER = {"readable", "writable", "read_mark", "unread", "newest", "has_scores"}
PERSON = {"id", "name", "avatar"}

first = itemgetter(0)
Posts = dict[int, dict[str, Any]]
Things = dict[tuple[str, int], dict[str, Any]]  # by noun and id


class Screen:
    """What a client shows of a group: its channels, members, posts, and what else channels list.

    Events have an order within their topic, not across topics. So the channels that the group's
    topic tells of and the private ones of one's own topic are two sets, and of two views of the
    same thing the newer one counts.
    """

    def __init__(self, group_id: int) -> None:
        self.group_id = group_id
        self.of_group: set[int] = set()
        self.private: set[int] = set()
        self.views: dict[int, tuple[str, dict[str, Any]]] = {}
        self.members: dict[int, dict[str, Any]] = {}
        self.posts: dict[int, Posts] = {}
        self.things: dict[int, Things] = {}
        self.pins: dict[int, set[int]] = {}  # ids of posts, by channel
        self.mentions: dict[int, dict[str, Any]] = {}
        self.applied = 0  # messages of the client
        self.live: dict[str, Any] = {"epoch": "", "topics": {}}
        self.nouns = {example.noun for example in listed_in_channels()}

    async def fetch(self, who: Person) -> "Screen":
        await self._fetch_group(who)
        for channel_id in self.views:
            await self._fetch_channel(who, channel_id)
        await self._fetch_mentions(who)
        return self

    async def fetch_again(self, who: Person, topic: str) -> None:
        """What the log of the topic does not tell."""
        noun, _, number = topic.partition(":")
        if noun == "channel":
            await self._fetch_channel(who, int(number))
        elif noun == "user":
            await self._fetch_mentions(who)
        else:
            await self._fetch_group(who)

    async def _fetch_group(self, who: Person) -> None:
        members = await who.get(f"/api/groups/{self.group_id}/members?limit=100")
        self.members = {member["id"]: member for member in members["members"]}
        channels = await who.get(f"/api/groups/{self.group_id}/channels?limit=100")
        self._stands(members, channels)
        for entry in channels["channels"]:
            view = {name: value for name, value in entry.items() if name not in OF_READER}
            (self.private if entry["kind"] == "private" else self.of_group).add(entry["id"])
            self.views[entry["id"]] = "", view

    async def _fetch_channel(self, who: Person, channel_id: int) -> None:
        await self._fetch_posts(who, channel_id)
        await self._fetch_pins(who, channel_id)
        await self._fetch_things(who, channel_id)

    async def _fetch_mentions(self, who: Person) -> None:
        mentions = await who.get("/api/me/mentions?limit=100")
        self._stands(mentions)
        self.mentions = {mention["post_id"]: mention for mention in mentions["mentions"]}

    async def _fetch_posts(self, who: Person, channel_id: int) -> None:
        listed = await who.get(f"/api/channels/{channel_id}/posts?limit=100")
        self._stands(listed)
        posts = self.posts[channel_id] = {post["id"]: post for post in listed["posts"]}
        for post in listed["posts"]:
            replies = await who.get(f"/api/posts/{post['id']}/replies?limit=100")
            posts.update((reply["id"], reply) for reply in replies["posts"])

    async def _fetch_pins(self, who: Person, channel_id: int) -> None:
        listed = await who.get(f"/api/channels/{channel_id}/pins")
        self._stands(listed)
        self.pins[channel_id] = {post["id"] for post in listed["posts"]}
        for post in listed["posts"]:
            assert self.posts[channel_id].get(post["id"], post) == post

    async def _fetch_things(self, who: Person, channel_id: int) -> None:
        things = self.things[channel_id] = {}
        for example in listed_in_channels():
            path = filled(example.list_path, {"channel_id": channel_id})
            listed = await who.get(f"{path}{'&' if '?' in path else '?'}limit=100")
            self._stands(listed)
            (views,) = (value for value in listed.values() if isinstance(value, list))
            for view in views:
                shown = {name: view[name] for name in view.keys() - example.hidden}
                things[example.noun, view["id"]] = shown

    def _stands(self, *lists: dict[str, Any]) -> None:
        for listed in lists:
            self.live["epoch"] = listed["live"]["epoch"]
            for topic, seq in listed["live"]["topics"].items():
                self.live["topics"][topic] = min(seq, self.live["topics"].get(topic, seq))

    def apply(self, message: Message) -> None:
        noun, _, number = message["topic"].partition(":")
        if message["type"] == "revoked" and noun == "channel":
            self.posts.pop(int(number), None)
            self.pins.pop(int(number), None)
            self.things.pop(int(number), None)
        elif message["type"] == "event" and message["kind"] == "person.changed":
            self._rename(message["data"], noun, int(number))
        elif message["type"] == "event" and "gone" not in message["data"]:
            self._apply(message["kind"], message["data"], int(number), message["at"])

    def _rename(self, person: dict[str, Any], noun: str, number: int) -> None:
        """Somebody who is not, or no longer, among the members."""
        people = {person["id"]: person}
        if noun == "user":
            self.mentions = with_people(self.mentions, people)
        elif number in self.posts:
            self.posts[number] = with_people(self.posts[number], people)
            self.things[number] = with_people(self.things[number], people)

    def _apply(self, kind: str, data: dict[str, Any], number: int, at: str) -> None:
        noun, _, verb = kind.partition(".")
        if noun == "channel":
            self._apply_to_channels(verb, data, at)
        elif noun in {"member", "members"}:
            self.members |= {one["id"]: one for one in data.get("members", [data])}
            if verb in {"left", "anonymised"}:
                del self.members[data["id"]]
        elif noun == "mention":
            for post_id in data.get("post_ids", ()):
                self.mentions.pop(post_id, None)
            if verb == "created":
                self.mentions[data["post_id"]] = data
        elif noun in self.nouns and number in self.things:
            self.things[number][noun, data["id"]] = data
            if verb == "deleted":
                del self.things[number][noun, data["id"]]
        elif number in self.posts:
            self._apply_to_posts(kind, data, number)

    def _apply_to_channels(self, verb: str, data: dict[str, Any], at: str) -> None:
        if verb in {"created", "edited", "joined"}:
            known = self.views.get(data["id"], ("", {}))
            self.views[data["id"]] = max(known, (at, data), key=first)
        match verb:
            case "created":
                self.of_group.add(data["id"])
            case "deleted":
                self.of_group.discard(data["id"])
            case "joined":
                self.private.add(data["id"])
            case "left":
                self.private.discard(data["id"])

    def _apply_to_posts(self, kind: str, data: dict[str, Any], number: int) -> None:
        posts = self.posts[number]
        match kind.split("."):
            case ["post", "created" | "edited"]:
                posts[data["id"]] = data
                self._count_replies(number, data["parent"])
            case ["post", "pinned"]:
                self.pins[number].add(data["id"])
            case ["post", "unpinned"]:
                self.pins[number].discard(data["id"])
            case ["post", "deleted"]:
                gone = {
                    i for i, post in posts.items() if (post["parent"] or {}).get("id") == data["id"]
                }
                self.pins[number].discard(data["id"])
                for post_id in {data["id"], *gone}:
                    posts.pop(post_id, None)
                self._count_replies(number, data["parent"])
            case ["reaction", _] if data["id"] in posts:
                reactions = posts[data["id"]]["reactions"]
                others = [one for one in reactions if one["emoji"] != data["emoji"]]
                mine = {"emoji": data["emoji"], "user_ids": data["user_ids"]}
                posts[data["id"]]["reactions"] = sorted(
                    others + [mine] * bool(data["user_ids"]), key=lambda one: str(one["emoji"])
                )

    def _count_replies(self, channel_id: int, parent: dict[str, Any] | None) -> None:
        """Of the parent, and of what its replies say of it."""
        if parent is not None:
            for post in self.posts[channel_id].values():
                if post["id"] == parent["id"]:
                    post["reply_count"] = parent["reply_count"]
                elif post["parent"] and post["parent"]["id"] == parent["id"]:
                    post["parent"] = parent

    def shown(self, channel_ids: set[int]) -> dict[str, Any]:
        """With the posts and scores of the channels that are followed.

        Members are shown by what the list of them says, wherever they appear; of a private channel
        that is not followed, nothing but that it is there.
        """
        people = {i: {of: member[of] for of in PERSON} for i, member in self.members.items()}
        posts = {
            i: with_people(post, people)
            for channel_id in channel_ids & self.posts.keys()
            for i, post in self.posts[channel_id].items()
        }
        things = {
            of: with_people(thing, people)
            for channel_id in channel_ids & self.things.keys()
            for of, thing in self.things[channel_id].items()
        }
        mentions = [
            with_people(self.mentions[i], people)
            for i in sorted(self.mentions)
            if self.mentions[i]["channel_id"] in channel_ids
        ]
        channels: dict[int, Any] = dict.fromkeys(self.private)
        channels |= {i: self.views[i][1] for i in self.of_group | self.private & channel_ids}
        shown = {"channels": channels, "members": self.members}
        pins = {i: self.pins[i] for i in channel_ids & self.pins.keys()}
        return {**shown, "posts": posts, "pins": pins, "things": things, "mentions": mentions}


def listed_in_channels() -> list[Example]:
    """What makes the things that channels list, but for posts: each of its events has its view."""
    return [
        example
        for example in examples()
        if example.makes and [*parameters(example.list_path)] == ["channel_id"]
        if not example.list_path.endswith("/posts")
    ]


def with_people(thing: Any, people: dict[int, dict[str, Any]]) -> Any:
    """People as they are known, wherever they are in it."""
    match thing:
        case dict() if thing.keys() == PERSON:
            return people.get(thing["id"], thing)
        case dict():
            return {name: with_people(value, people) for name, value in thing.items()}
        case list():
            return [with_people(value, people) for value in thing]
    return thing
