"""What a worker knows of the others, until they are silent or died."""

import time

from model.database.table import now
from model.live.bus import Bus
from model.live.ephemeral import WorkerReport
from model.live.presence import EXPIRE_S
from model.live.workers import Workers


async def test_a_worker_knows_those_that_have_told_of_themselves_lately() -> None:
    workers, moment = Workers(Bus(), 1, ["a connection", "another"]), time.monotonic()
    for number, at in ((2, moment), (0, moment), (3, moment - EXPIRE_S)):
        workers.take(WorkerReport(number, 100 + number, now(), None, number), at)
    assert [report.worker for report in await workers.all()] == [0, 1, 2]
    (own,) = [report for report in await workers.all() if report.worker == 1]
    assert own.connections == 2
    assert own.memory_bytes is None or own.memory_bytes > 2**20
    workers.died(2)
    assert [report.worker for report in await workers.all()] == [0, 1]
