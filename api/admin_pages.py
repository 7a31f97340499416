"""The pages of administrators: HTML made here, and small modules that call the API."""

import asyncio
import math
import shutil
from typing import Any, TypeVar
from urllib.parse import urlencode

from pydantic import ValidationError
from quart import Blueprint, redirect, render_template, request
from quart_schema import hide
from werkzeug.wrappers import Response as Redirection

from api.admin_groups import GroupQuery
from api.admin_users import AccountQuery
from api.audit import AuditQuery
from api.backup_jobs import backups_folder, names_of_backups
from api.context import caller, read, services
from api.forms import PageQuery, Query
from api.middleware.auth import public, visitor
from api.middleware.compress import uncompressed
from api.middleware.errors import wrong_fields
from api.overview import overview_of
from api.pages import modules_of
from model.account import require_administers
from model.account_addition import MAX_ADDED
from model.account_list import list_accounts_sorted
from model.admin_group_list import list_overseen_groups
from model.audit import AUDIT_KINDS, list_audit
from model.backup import list_backups
from model.errors import Invalid
from model.log.cursor import cursors
from model.log.event import ADMIN_TOPIC
from model.server_state import find_server_state

Q = TypeVar("Q", bound=Query)

ROWS = 50  # of a page
_STEP, _UNITS = 1024, ("kB", "MB", "GB")

admin_pages = Blueprint("admin_pages", __name__)


class PeoplePage(AccountQuery):
    limit: int = ROWS


class GroupsPage(GroupQuery):
    limit: int = ROWS


class AuditPage(AuditQuery):
    limit: int = ROWS


class BackupsPage(PageQuery):
    limit: int = ROWS


@admin_pages.get("/admin")
@public
@hide
async def overview() -> str | Redirection:
    """What runs, what is kept and what is wrong."""
    if await visitor() is None:
        return redirect("/sign-in")
    return await _page("overview", server=await overview_of(services()))


@admin_pages.get("/admin/people")
@public
@uncompressed
@hide
async def people() -> str | Redirection:
    """Everybody who has an account."""
    if await visitor() is None:
        return redirect("/sign-in")
    asked = _asked(PeoplePage)
    async with read() as db:
        found, total, following = await list_accounts_sorted(
            db, asked.page, asked.sort, reader=caller(), **asked.filters
        )
        live = await cursors(db, ADMIN_TOPIC)
    shown = {"found": found, "total": total, "more": _more("after", following), "live": live}
    return await _page("people", asked=asked, **shown)


@admin_pages.get("/admin/people/new")
@public
@hide
async def new_people() -> str | Redirection:
    """Where accounts are added, one or many."""
    if await visitor() is None:
        return redirect("/sign-in")
    require_administers(caller())
    return await _page("new_people", most=MAX_ADDED)


@admin_pages.get("/admin/groups")
@public
@uncompressed
@hide
async def groups() -> str | Redirection:
    """All groups, of which nothing is shown that is in them."""
    if await visitor() is None:
        return redirect("/sign-in")
    asked = _asked(GroupsPage)
    async with read() as db:
        found, total, following = await list_overseen_groups(
            db, asked.page, asked.sort, reader=caller(), **asked.filters
        )
        live = await cursors(db, ADMIN_TOPIC)
    shown = {"found": found, "total": total, "more": _more("after", following), "live": live}
    return await _page("groups", asked=asked, **shown)


@admin_pages.get("/admin/audit")
@public
@uncompressed
@hide
async def audit() -> str | Redirection:
    """What was done on the server, newest first."""
    if await visitor() is None:
        return redirect("/sign-in")
    asked = _asked(AuditPage)
    async with read() as db:
        found, known, following = await list_audit(db, asked.page, reader=caller(), **asked.filters)
        live = await cursors(db, ADMIN_TOPIC)
    people = {person["id"]: person for person in known}
    shown = {"found": found, "more": _more("before", following), "live": live, "people": people}
    table = urlencode({name: str(value) for name, value in asked.filters.items()})
    return await _page("audit", asked=asked, kinds=AUDIT_KINDS, table=table, **shown)


@admin_pages.get("/admin/backups")
@public
@uncompressed
@hide
async def backups() -> str | Redirection:
    """The backups that there are, and that are being made."""
    if await visitor() is None:
        return redirect("/sign-in")
    asked, running = _asked(BackupsPage), services()
    async with read() as db:
        found, following = await list_backups(db, asked.page, reader=caller())
        state = await find_server_state(db, is_sqlite=running.database.is_sqlite, reader=caller())
        live = await cursors(db, ADMIN_TOPIC)
    found.sort(key=lambda one: one["made_at"] or one["created_at"], reverse=True)
    folder = backups_folder(running.settings)
    here = await asyncio.to_thread(names_of_backups, folder)
    disk = await asyncio.to_thread(shutil.disk_usage, running.settings.instance)
    shown = {"found": found, "more": _more("before", following), "live": live, "state": state}
    about = {"folder": folder, "here": here, "free_bytes": disk.free}
    return await _page("backups", asked=asked, settings=running.settings, **about, **shown)


@admin_pages.app_template_filter("size")
def size_of(size_bytes: int) -> str:
    """As the pages write sizes: `512 bytes`, `61 kB`, `1.5 MB`."""
    if size_bytes < _STEP:
        return f"{size_bytes:,} byte{'' if size_bytes == 1 else 's'}"
    step = min(len(_UNITS), int(math.log(size_bytes, _STEP)))
    return f"{size_bytes / _STEP**step:,.{1 if step > 1 else 0}f} {_UNITS[step - 1]}"


def _asked(form: type[Q]) -> Q:
    """The query of a page; a field of its form that is empty was not given. Raises Invalid."""
    try:
        return form.model_validate({name: value for name, value in request.args.items() if value})
    except ValidationError as error:
        raise Invalid(wrong_fields(error)) from None


def _more(name: str, following: int | None) -> str | None:
    """The address of the next page, with the same query."""
    return None if following is None else _address(**{name: following})


def _address(**place: int) -> str:
    kept = {key: value for key, value in request.args.items() if key not in {"before", "after"}}
    return f"{request.path}?{urlencode({**kept, **place})}"


async def _page(name: str, **shown: Any) -> str:
    modules = await asyncio.to_thread(modules_of, f"admin/{name}.js")
    template = f"admin/{name}.html"
    return await render_template(
        template, visitor=caller(), page=name, modules=modules, first=_address(), **shown
    )
