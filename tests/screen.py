"""What a client has on its screen: what it fetched, and what the events made of it."""

from operator import itemgetter
from typing import Any

from tests.live.client import Message
from tests.people import Person

OF_READER = {"readable", "writable", "read_mark", "unread"}

first = itemgetter(0)
Posts = dict[int, dict[str, Any]]
Scores = dict[int, dict[str, Any]]


class Screen:
    """What a client shows of a group: its channels, members, posts and scores.

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
        self.scores: dict[int, Scores] = {}
        self.live: dict[str, Any] = {"epoch": "", "topics": {}}

    async def fetch(self, who: Person) -> "Screen":
        members = await who.get(f"/api/groups/{self.group_id}/members?limit=100")
        self.members = {member["id"]: member for member in members["members"]}
        channels = await who.get(f"/api/groups/{self.group_id}/channels?limit=100")
        self._stands(members, channels)
        for entry in channels["channels"]:
            view = {name: value for name, value in entry.items() if name not in OF_READER}
            (self.private if entry["kind"] == "private" else self.of_group).add(entry["id"])
            self.views[entry["id"]] = "", view
            await self._fetch_posts(who, entry["id"])
            await self._fetch_scores(who, entry["id"])
        return self

    async def _fetch_posts(self, who: Person, channel_id: int) -> None:
        listed = await who.get(f"/api/channels/{channel_id}/posts?limit=100")
        self._stands(listed)
        posts = self.posts[channel_id] = {post["id"]: post for post in listed["posts"]}
        for post in listed["posts"]:
            replies = await who.get(f"/api/posts/{post['id']}/replies?limit=100")
            posts.update((reply["id"], reply) for reply in replies["posts"])

    async def _fetch_scores(self, who: Person, channel_id: int) -> None:
        path = f"/api/channels/{channel_id}/scores?game=snake&order=latest"
        listed = await who.get(f"{path}&limit=100")
        self._stands(listed)
        self.scores[channel_id] = {score["id"]: score for score in listed["scores"]}

    def _stands(self, *lists: dict[str, Any]) -> None:
        for listed in lists:
            self.live["epoch"] = listed["live"]["epoch"]
            for topic, seq in listed["live"]["topics"].items():
                self.live["topics"][topic] = min(seq, self.live["topics"].get(topic, seq))

    def apply(self, message: Message) -> None:
        noun, _, number = message["topic"].partition(":")
        if message["type"] == "revoked" and noun == "channel":
            self.posts.pop(int(number), None)
            self.scores.pop(int(number), None)
        elif message["type"] == "event" and "gone" not in message["data"]:
            self._apply(message["kind"], message["data"], int(number), message["at"])

    def _apply(self, kind: str, data: dict[str, Any], number: int, at: str) -> None:
        noun, _, verb = kind.partition(".")
        if noun == "channel":
            self._apply_to_channels(verb, data, at)
        elif noun == "member":
            self.members |= {data["id"]: data} if verb != "left" else {}
        elif kind == "score.set" and number in self.scores:
            self.scores[number][data["id"]] = data
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
            case ["post", "deleted"]:
                gone = {
                    i for i, post in posts.items() if (post["parent"] or {}).get("id") == data["id"]
                }
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

        People are shown by what the list of members says of them, wherever they appear; of a
        private channel that is not followed, nothing but that it is there.
        """
        names = {member["id"]: member["name"] for member in self.members.values()}
        posts = {
            i: {**post, "author": names.get(post["author"]["id"])}
            for channel_id in channel_ids & self.posts.keys()
            for i, post in self.posts[channel_id].items()
        }
        scores = {
            i: {**score, "player": names.get(score["player"]["id"])}
            for channel_id in channel_ids & self.scores.keys()
            for i, score in self.scores[channel_id].items()
        }
        channels: dict[int, Any] = dict.fromkeys(self.private)
        channels |= {i: self.views[i][1] for i in self.of_group | self.private & channel_ids}
        shown = {"channels": channels, "members": self.members}
        return {**shown, "posts": posts, "scores": scores}
