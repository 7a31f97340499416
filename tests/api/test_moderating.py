"""Who may do what to run a group: codes, applications, bans, mutes, its record, archiving."""

from datetime import timedelta

import pytest
from quart import Quart

from api.context import Services
from model.database.table import now
from tests.api.company import Company
from tests.api.tables import Statuses, rows, tried
from tests.support.cast import Cast
from tests.support.people import Visitor


@pytest.fixture
def company(app: Quart, services: Services, people: Cast) -> Company:
    return Company(app, services, people)


def until() -> dict[str, str]:
    return {"until": (now() + timedelta(hours=1)).isoformat()}


@rows("""
        show  make  limit  withdraw  waiting  accept  refuse  bans  ban  lift  acts  log  archive
nobody  401   401   401    401       401      401     401     401   401  401   401   401  401
root    404   404   404    404       404      404     404     404   404  404   404   404  404
eve     404   404   404    404       404      404     404     404   404  404   404   404  404
left    404   404   404    404       404      404     404     404   404  404   404   404  404
banned  404   404   404    404       404      404     404     404   404  404   404   404  404
muted   403   403   403    403       403      403     403     403   403  403   403   404  403
bob     403   403   403    403       403      403     403     403   403  403   403   404  403
mia     200   201   200    204       200      201     204     200   204  204   200   200  403
ann     200   201   200    204       200      201     204     200   204  204   200   200  200
""")
async def test_who_may_run_a_group(
    company: Company, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor, group = await company.actor(who, visitor), company.group
    pat, max_, una = [await company.waiting(name) for name in ("pat", "max", "una")]
    code, waiting, bans = f"{group}/join-code", f"{group}/applications", f"{group}/bans"
    actions = {
        "show": ("GET", code, None),
        "make": ("POST", code, {}),
        "limit": ("PATCH", code, {"max_uses": 5}),
        "withdraw": ("DELETE", code, None),
        "waiting": ("GET", waiting, None),
        "accept": ("PUT", f"{waiting}/{pat.id}", None),
        "refuse": ("DELETE", f"{waiting}/{max_.id}", None),
        "bans": ("GET", bans, None),
        "ban": ("PUT", f"{bans}/{una.id}", {}),
        "lift": ("DELETE", f"{bans}/{una.id}", None),
        "acts": ("GET", f"{group}/acts", None),
        "log": ("GET", f"/api/topics/moderation:{group.rpartition('/')[2]}/events", None),
        "archive": ("PATCH", group, {"archived": True}),
    }
    assert await tried(actor, actions, may) == may


@rows("""
         mute  unmute  mute-moderator  mute-owner  ban  ban-moderator  ban-owner  ban-oneself
nobody   401   401     401             401         401  401            401        401
root     404   404     404             404         404  404            404        404
eve      404   404     404             404         404  404            404        404
left     404   404     404             404         404  404            404        404
banned   404   404     404             404         404  404            404        404
muted    403   403     403             403         403  403            403        403
bob      403   403     403             403         403  403            403        403
mia      204   204     403             403         204  403            403        403
ann      204   204     204             403         204  204            403        403
""")
async def test_who_mutes_and_bans_whom(
    company: Company, visitor: Visitor, who: str, may: Statuses
) -> None:
    actor, group = await company.actor(who, visitor), company.group
    pat = await company.member("pat")
    max_ = await company.member("max", "moderator")
    una = await company.member("una", "owner")
    actions = {
        "mute": ("PUT", f"{group}/members/{pat.id}/mute", until()),
        "unmute": ("DELETE", f"{group}/members/{pat.id}/mute", None),
        "mute-moderator": ("PUT", f"{group}/members/{max_.id}/mute", until()),
        "mute-owner": ("PUT", f"{group}/members/{una.id}/mute", until()),
        "ban": ("PUT", f"{group}/bans/{pat.id}", {}),
        "ban-moderator": ("PUT", f"{group}/bans/{max_.id}", {}),
        "ban-owner": ("PUT", f"{group}/bans/{una.id}", {}),
        "ban-oneself": ("PUT", f"{group}/bans/{getattr(actor, 'id', 1)}", {}),
    }
    assert await tried(actor, actions, may) == may
