"""What the class of the demo does: act after act, each at its own moment.

Everything goes through the functions of the model, so that events are there and rules hold.
"""

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial

from api.demo import drawing
from api.demo.people import ADMIN, ASSISTANT, CHESS_CLUB, EVERYBODY
from api.demo.stage import Stage
from api.demo.story import CLUB, DOCUMENTS, PLACES, SCORES, STORY, UNREAD, Answer, Place, Said
from model.channel import Channel, Kind, find_channel
from model.database.table import MAX_ID, as_of
from model.database.unit_of_work import Transaction
from model.document import save_document
from model.document_space import find_space
from model.documents.precondition import Precondition
from model.file import Upload, add_file
from model.pin import pin_post
from model.post import find_post, write_post
from model.reaction import add_reaction
from model.read_mark import move_read_mark
from model.report import Outcome, report_post
from model.report_settlement import settle_report
from model.score import set_score
from model.user import Caller

Act = Callable[[], Awaitable[object]]

_TODAY = "0 100"
_FORM = ("Class 7b: pond and forest", "", "My child may come along:  yes / no", "", "Signed:")
_SHEET = ("Photosynthesis", "", "1. What goes in?", "2. What comes out?", "3. Where from?")
_WINDOW, _SHADE = (0, 1, 2, 4, 6.5, 9, 11.5, 14), (0, 0.5, 1, 2, 3, 4, 5, 5.5)
_GROWTH = (("window", "#2f7d5b", _WINDOW), ("shade", "#c2783f", _SHADE))
_PDF, _PNG = "application/pdf", "image/png"
_FILES: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "Form.pdf": (_PDF, partial(drawing.sheet, _FORM)),
    "Photosynthesis.pdf": (_PDF, partial(drawing.sheet, _SHEET)),
    "Our sunflowers.png": (_PNG, partial(drawing.chart, "Our sunflowers", _GROWTH)),
    "Window sill.png": (_PNG, partial(drawing.seedlings, (9, 12, 11, 16, 10))),
    "Pondweed x400.png": (_PNG, drawing.cells),
}


class Play:
    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._posts: dict[Said | Answer, int] = {}
        self._reports: dict[Said, int] = {}

    async def run(self) -> None:
        acts = sorted(self._acts(), key=lambda act: act[0])
        for moment, act in acts:
            with as_of(moment):
                await act()
        await self._read_all()

    @property
    def posts(self) -> int:
        """How many have been written."""
        return len(self._posts)

    def _acts(self) -> Iterator[tuple[datetime, Act]]:
        moment_of, present = self._stage.calendar.moment, self._stage.calendar.present
        for said in STORY:
            moment = moment_of(said.ago)
            yield moment, partial(self._say, said)
            yield from self._reactions(moment, said)
            if said.is_pinned:
                yield moment + timedelta(minutes=1), partial(self._pin, said)
            if (reported := said.reported) is not None:
                yield moment + timedelta(minutes=reported.after), partial(self._report, said)
                if reported.settled:
                    yield moment_of(reported.settled), partial(self._settle, said)
            for answer in said.answers:
                later = min(moment + timedelta(minutes=answer.after), present)
                yield later, partial(self._answer, said, answer)
                yield from self._reactions(later, answer)
        for username, game, ago, points in SCORES:
            yield moment_of(ago), partial(self._set_score, username, game, points)
        for day, document in enumerate(DOCUMENTS, 4):
            yield moment_of(f"{day} 16:00"), partial(self._save, *document)

    def _reactions(self, moment: datetime, to: Said | Answer) -> Iterator[tuple[datetime, Act]]:
        rng = random.Random(to.text)  # noqa: S311 - no secret
        for added in filter(None, to.reactions.split(", ")):
            emoji, *usernames = added.split(" ")
            for username in usernames:
                later = moment + timedelta(minutes=rng.uniform(0.2, 11))
                by = self._stage.callers[username]
                yield min(later, self._stage.calendar.present), partial(self._react, to, emoji, by)

    @asynccontextmanager
    async def _within(self, name: str, by: Caller) -> AsyncIterator[tuple[Transaction, Channel]]:
        """A transaction with the channel of that name, as somebody finds it."""
        async with self._stage.write() as db:
            yield db, await find_channel(db, self._stage.channels[name], reader=by)

    async def _say(self, said: Said) -> None:
        by = self._stage.callers[said.by]
        files = [await self._upload(name, by) for name in said.files]
        async with self._within(said.channel, by) as (db, channel):
            post = await write_post(db, channel, said.text, by=by, file_ids=files)
        self._posts[said] = post["id"]

    async def _answer(self, said: Said, answer: Answer) -> None:
        by = self._stage.callers[answer.by]
        async with self._within(said.channel, by) as (db, channel):
            parent_id = self._posts[said]
            post = await write_post(db, channel, answer.text, by=by, parent_id=parent_id)
        self._posts[answer] = post["id"]

    async def _upload(self, name: str, by: Caller) -> int:
        media_type, draw = _FILES[name]
        content = draw()
        blob, size = await self._stage.keep(content), await self._stage.measured(content)
        async with self._stage.write() as db:
            upload = Upload(name, media_type, blob, size)
            return (await add_file(db, upload, self._stage.quota_bytes, by=by))["id"]

    async def _react(self, to: Said | Answer, emoji: str, by: Caller) -> None:
        async with self._stage.write() as db:
            await add_reaction(db, await find_post(db, self._posts[to], reader=by), emoji, by=by)

    async def _pin(self, said: Said) -> None:
        by = self._stage.callers[said.by]
        async with self._stage.write() as db:
            await pin_post(db, await find_post(db, self._posts[said], reader=by), by=by)

    async def _report(self, said: Said) -> None:
        assert said.reported
        by, reason = self._stage.callers[said.reported.by], said.reported.reason
        async with self._stage.write() as db:
            post = await find_post(db, self._posts[said], reader=by)
            self._reports[said] = (await report_post(db, post, reason, by=by))["id"]

    async def _settle(self, said: Said) -> None:
        by = self._stage.callers[ASSISTANT.username]
        async with self._stage.write() as db:
            await settle_report(db, self._reports[said], Outcome.DISMISSED, by=by)

    async def _set_score(self, username: str, game: str, points: int) -> None:
        by = self._stage.callers[username]
        async with self._within("games", by) as (db, channel):
            await set_score(db, channel, game, points, by=by)

    async def _save(self, name: str | None, key: str, username: str, body: object) -> None:
        by, quota_bytes = self._stage.callers[username], self._stage.quota_bytes
        key = key.format(me=by.id)
        channel_id = None if name is None else self._stage.channels[name]
        async with self._stage.write() as db:
            space = await find_space(db, channel_id, reader=by)
            await save_document(db, space, key, body, Precondition(), quota_bytes, by=by)

    async def _read_all(self) -> None:
        """Let the class have read everything, but for what some have not read of today."""
        today = self._stage.calendar.moment(_TODAY)
        before = {said for said in STORY if self._stage.calendar.moment(said.ago) < today}
        newest = max(self._posts[said] for said in before)
        for place in PLACES:
            for username in _readers(place):
                by, is_unread = (
                    self._stage.callers[username],
                    place.name in UNREAD.get(username, ()),
                )
                async with self._within(place.name, by) as (db, channel):
                    await move_read_mark(db, channel, newest if is_unread else MAX_ID, by=by)


def _readers(place: Place) -> Iterable[str]:
    if place.kind == Kind.PRIVATE:
        return (place.by, *place.members)
    if place.group == CLUB:
        return CHESS_CLUB
    return (person.username for person in EVERYBODY if person != ADMIN)
