"""How long acts are kept: by age alone, and what is deleted goes in small transactions."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from api import jobs
from api.context import Services
from model import act_retention
from model.act import Acts
from model.act_retention import prune_acts
from model.database.table import now
from tests.support.cast import Cast
from tests.support.counting import CountingDatabase

AUDIT = "/api/admin/acts?limit=100"


async def test_old_acts_go_of_the_audit_and_of_groups_and_newer_ones_stay(
    people: Cast, services: Services
) -> None:
    record = f"/api/groups/{people.group['id']}/acts?limit=100"
    for _ in range(3):
        await people.root.delete(f"/api/users/{people.bob.id}/sessions")
        await people.ann.post(f"/api/groups/{people.group['id']}/join-code", {})
    acts = [*(await people.root.get(AUDIT))["acts"], *(await people.ann.get(record))["acts"]]
    ids = sorted(act["id"] for act in acts)
    days = timedelta(days=services.settings.audit_days)
    async with services.database.write() as db:
        await db.run(update(Acts).where(Acts.id < ids[-1]).values(at=now() - 2 * days))
        await db.run(update(Acts).where(Acts.id == ids[-2]).values(at=now() - days / 2))
    await jobs.clean_up(services.database, services.store, services.settings)
    async with services.database.read() as db:
        assert [row.id for row in await db.all(select(Acts.id).order_by(Acts.id))] == ids[-2:]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_many_acts_go_in_small_transactions(
    people: Cast, database_url: str, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(5):
        await people.root.delete(f"/api/users/{people.bob.id}/sessions")
    monkeypatch.setattr(act_retention, "BATCH", 2)
    counting = CountingDatabase(database_url, Acts)
    async with services.database.write() as db:
        await db.run(update(Acts).values(at=now() - timedelta(days=2)))
        before = await db.scalar_one(select(func.count()).select_from(Acts))
    assert await prune_acts(counting, 1) == before
    await counting.close()
    assert counting.rows[:2] == [before - 2, before - 4]
    assert counting.rows[-1] == 0
