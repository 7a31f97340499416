"""Pages of rows as the pieces of a file: CSV for spreadsheets, JSON for programs."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence

import msgspec

from model.text.csv_table import csv_line, write_csv

Pages = AsyncIterator[Iterable[object]]
Advance = Callable[[int], Awaitable[None]]
"""Is told how many percent of a ZIP there are."""


async def as_csv(
    header: Sequence[str], pages: AsyncIterator[Iterable[Sequence[object]]]
) -> AsyncGenerator[bytes, None]:
    """A table that no spreadsheet runs."""
    yield write_csv(header, ()).encode()
    async for page in pages:
        yield "".join(map(csv_line, page)).encode()


async def as_lines(pages: Pages) -> AsyncGenerator[bytes, None]:
    """JSON Lines: each thing is a line."""
    async for page in pages:
        yield b"".join(msgspec.json.encode(thing) + b"\n" for thing in page)


async def as_list(pages: Pages) -> AsyncGenerator[bytes, None]:
    """One JSON list."""
    before = b"[\n"
    async for page in pages:
        for thing in page:
            yield before + msgspec.json.encode(thing)
            before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"
