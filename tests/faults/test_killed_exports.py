"""An export whose worker is killed after each of its steps: whole at the end, or not there.

The workers kill themselves, one step later each time, and are replaced: that takes some seconds.
"""

import json
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.faults.test_killed_uploads import FORM, HEAD, assert_whole
from tests.support.exporting import Opened
from tests.support.http_client import first_account
from tests.support.server import Server, changed_by
from tests.support.waiting import within

DYING = """
import os, signal
from pathlib import Path
from api import export_jobs
from model import export
from model.exporting import make
from model.exporting.zip_file import NewZip

export._MAX_ATTEMPTS = 100
export_jobs.LOOK_AGAIN_S, export_jobs.TURN_AGAIN_S = 0.2, 0.05
died = Path(os.environ["HOMEROOM_INSTANCE"]) / "died"
steps = 0

def dying(owner, name):
    done = getattr(owner, name)

    async def die_after(*given, **options):
        global steps
        result = await done(*given, **options)
        steps += 1
        before = died.read_text() if died.exists() else ""
        if steps > before.count("\\n"):
            died.write_text(before + f"{name}\\n")
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, name, die_after)

dying(NewZip, "add")
dying(NewZip, "finish")
dying(make, "expect_blob")
dying(export_jobs, "make_file")
"""
MADE_WITHIN_S = 90


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "instance", workers=3, program=changed_by(DYING))
    yield server.start()
    server.close()


def sent_file(server: Server, token: str | None) -> int:
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "multipart/form-data; boundary=form",
    }
    url = f"{server.url}/api/files"
    asked = urllib.request.Request(url, FORM % (HEAD, b"its bytes"), headers)
    with urllib.request.urlopen(asked) as answer:
        return int(json.load(answer)["id"])


def fetched(server: Server, token: str | None, path: str) -> bytes:
    asked = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked) as answer:
        return bytes(answer.read())


def test_whatever_step_kills_its_worker_an_export_is_whole_at_the_end(server: Server) -> None:
    ann = first_account(server)
    group = ann.made("POST", "/api/groups", {"name": "Class"})
    channel = ann.made("POST", f"/api/groups/{group['id']}/channels", {"name": "general"})
    body = {"text": "It stays.", "file_ids": [sent_file(server, ann.token)]}
    post = ann.made("POST", f"/api/channels/{channel['id']}/posts", body)
    export = ann.made("POST", f"/api/groups/{group['id']}/exports")
    path = f"/api/exports/{export['id']}"

    def is_done() -> bool:
        try:
            state = ann.made("GET", path)["state"]
        except (OSError, HTTPException):  # of a worker that is just killed
            return False
        assert state != "failed"
        return bool(state == "done")

    assert within(MADE_WITHIN_S, is_done), server.log[-2000:]
    died = (server.instance / "died").read_text().split()
    assert died == [*["add"] * 8, "finish", "expect_blob", "make_file"]
    opened = Opened(fetched(server, ann.token, f"{path}/file"))
    assert [one["id"] for one in opened.lines("posts.jsonl")] == [post["id"]]
    assert [opened.zip.read(name) for name in opened.files()] == [b"its bytes"]
    assert_whole(server)
    assert server.stop() == 0
    left = list((server.instance / "incoming").glob("*/*"))
    assert left == [], "what a killed worker has left is cleared away by who replaces it"
