"""The demo: a new instance is filled as if a class had been there for two weeks.

It takes some seconds: 21 people, 16 faces to draw, and more than 300 acts with a commit each.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.demo.calendar import Calendar
from tests.support.http_client import HttpClient
from tests.support.server import Server


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=1)
    yield server
    server.close()


def signed_in(server: Server, username: str, password: str) -> HttpClient:
    form = {"username": username, "password": password, "token": True}
    return HttpClient(server, HttpClient(server).made("POST", "/api/sessions", form)["token"])


def when(thing: Any) -> datetime:
    return datetime.fromisoformat(thing["created_at"])


def test_a_class_has_been_there_and_is_seen_as_it_would_be(server: Server) -> None:
    filled = server.run("demo")
    assert filled.exit_code == 0, filled.output
    (password,) = re.findall("for this run: (.+)", filled.output)
    again = server.run("demo")
    assert again.exit_code == 1
    assert "There are accounts already." in again.stderr
    server.start()
    client = signed_in(server, "lindqvist", password)
    (group,) = client.made("GET", "/api/groups")["groups"]
    listed = client.made("GET", f"/api/groups/{group['id']}/channels")
    assert {channel["kind"] for channel in listed["channels"]} == {"open", "announce", "private"}
    members = client.made("GET", f"/api/groups/{group['id']}/members?limit=100")["members"]
    assert (len(members), len([one for one in members if one["avatar"]])) == (20, 16)
    for settled, outcome in (("false", None), ("true", "dismissed")):
        path = f"/api/groups/{group['id']}/reports?settled={settled}"
        (report,) = client.made("GET", path)["reports"]
        assert report["outcome"] == outcome
    admin = signed_in(server, "robin", password)
    acts = admin.made("GET", "/api/admin/acts?kind=account.added&limit=100")["acts"]
    assert [(act["via"], act["by_id"]) for act in acts] == [("command", None)] * 21
    unread, pinned, posts = 0, 0, list[Any]()
    for channel in listed["channels"]:
        unread += channel["unread"]
        pinned += len(client.made("GET", f"/api/channels/{channel['id']}/pins")["posts"])
        page = client.made("GET", f"/api/channels/{channel['id']}/posts?limit=100")["posts"]
        for post in page:
            posts += [post, *client.made("GET", f"/api/posts/{post['id']}/replies")["posts"]]
        if page:
            path = f"/api/topics/channel:{channel['id']}/events?limit=100"
            created = {
                event["data"]["id"]: event["data"]["created_at"]
                for event in client.made("GET", path)["events"]
                if event["kind"] == "post.created"
            }
            assert created[page[-1]["id"]] == page[-1]["created_at"]
    assert (unread, pinned) == (5, 2)
    posts.sort(key=lambda post: post["id"])
    moments = [when(post) for post in posts]
    assert moments == sorted(moments)
    assert moments[-1] <= datetime.now(UTC) < moments[0] + timedelta(days=18)
    assert moments[-1] - moments[0] > timedelta(days=13)
    assert [post for post in posts if post["reactions"]]
    for file in [file for post in posts for file in post["files"]]:
        assert (file["image"] is None) is (file["media_type"] == "application/pdf")


@pytest.mark.parametrize("day", range(7))
def test_the_school_days_of_the_demo_are_no_weekend_and_in_the_past(day: int) -> None:
    present = datetime(2026, 11, 2 + day, 0, 5, tzinfo=UTC)
    calendar = Calendar(present)
    moments = [calendar.moment(f"{ago} 23:59") for ago in range(14, 0, -1)]
    assert moments == sorted(moments)
    assert {moment.weekday() for moment in moments} == set(range(5))
    assert moments[-1] < calendar.moment("0 1") < present
