"""What a worker knows of the others, until they are silent or died."""

import time

from model.database.table import now
from model.live.bus import Bus
from model.live.ephemeral import WorkerId, WorkerReport
from model.live.presence import EXPIRE_S
from model.live.workers import Workers


async def test_a_worker_knows_those_that_have_told_of_themselves_lately() -> None:
    ours, theirs = (WorkerId(node, "one start", 1) for node in ("b", "a"))
    workers, moment = Workers(Bus(), ours, "key", ["a connection", "another"]), time.monotonic()
    gone = theirs.numbered(2)
    for who, at in (
        (ours.numbered(2), moment),
        (ours.numbered(0), moment),
        (theirs, moment),
        (gone, moment - EXPIRE_S),
    ):
        workers.take(WorkerReport(who, "key", 100, now(), None, 1), at)
    assert [report.worker for report in await workers.all()] == [
        theirs,
        *map(ours.numbered, range(3)),
    ]
    (own,) = [report for report in await workers.all() if report.worker == ours]
    assert own.connections == 2
    assert own.memory_bytes is None or own.memory_bytes > 2**20
    workers.ended(theirs)
    assert [report.worker for report in await workers.all()] == [*map(ours.numbered, range(3))]
