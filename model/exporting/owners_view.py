"""What an owner reads of her group while it is exported.

Each page is a unit of work of its own, in which the right to it is judged again.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from model.channel import ChannelView, find_channel
from model.channel_list import list_channels
from model.database.page import MAX_LIMIT, Page
from model.database.unit_of_work import Database, Transaction
from model.errors import NotFound
from model.group import Group, find_group, require_owner
from model.user import Caller, find_account

T = TypeVar("T")


@dataclass(frozen=True)
class OwnersView:
    database: Database
    group_id: int
    owner: Caller

    @asynccontextmanager
    async def unit(self) -> AsyncIterator[Transaction]:
        """A unit of work in which she owns the group. Raises what `group` does."""
        async with self.database.read() as db:
            await self.group(db)
            yield db

    async def group(self, db: Transaction) -> Group:
        """The group. Raises NotFound or Forbidden when it is not hers any more."""
        account = await find_account(db, self.owner.id)
        group = await find_group(db, self.group_id, reader=self.owner)
        require_owner(group)
        if not account.active:
            raise NotFound("person")
        return group

    async def in_channel(
        self, channel_id: int, look: Callable[[Transaction], Awaitable[T]]
    ) -> T | None:
        """What `look` finds in a channel; None when she may not read it any more.

        Raises what `group` does.
        """
        async with self.unit() as db:
            try:
                await find_channel(db, channel_id, reader=self.owner)
            except NotFound:
                return None
            return await look(db)

    async def channels(self, db: Transaction, group: Group) -> list[ChannelView]:
        """The channels that she may read. Of others an export tells nothing, not even the names."""
        found, page = list[ChannelView](), Page(MAX_LIMIT)
        while True:
            entries, following = await list_channels(db, group, page, reader=self.owner)
            found += [entry for entry in entries if entry["readable"]]
            if following is None:
                return found
            page = Page(MAX_LIMIT, after=following)
