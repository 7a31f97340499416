"""The pages: HTML that calls the same API as everybody else."""

import asyncio
import re
from functools import cache
from urllib.parse import urljoin

from quart import Blueprint, Response, redirect, render_template
from quart_schema import hide
from werkzeug.wrappers import Response as Redirection

from api import assets
from api.assets import STATIC
from api.context import read, services, settings
from api.middleware.auth import public, visitor
from api.middleware.compress import uncompressed
from api.qr_codes import drawn
from api.reach import address_to_pass_on
from api.transfer.delivery import deliver_static
from model.act import moderation_topic
from model.database.page import MAX_LIMIT, Page
from model.group import find_group
from model.group_list import list_groups
from model.join_code import find_join_code, is_used_up
from model.log.cursor import cursors
from model.roster import MAX_ENROLLED, find_roster
from model.user import anybody_there

IMPORT = re.compile(r'^import [^"]*"([^"]+)";', re.MULTILINE)

pages = Blueprint("pages", __name__)
pages.add_app_template_global(assets.address, "asset")


@pages.get("/")
@public
@uncompressed
@hide
async def home() -> str:
    who = await visitor()
    if who is None:
        return await _page("home.html")
    async with read() as db:
        groups, _ = await list_groups(db, Page(MAX_LIMIT), reader=who)
    return await render_template("home.html", visitor=who, groups=groups)


@pages.get("/register")
@public
@hide
async def register() -> str:
    return await _page("register.html")


@pages.get("/sign-in")
@public
@hide
async def sign_in() -> str:
    return await _page("sign_in.html")


@pages.get("/reset")
@public
@hide
async def reset() -> str:
    """The page that sets a password by a link, or says how to get one."""
    has_mail = services().outbox.is_open
    return await render_template("reset.html", visitor=await visitor(), has_mail=has_mail)


@pages.get("/confirm-email")
@public
@hide
async def confirm_email() -> str:
    """The page that confirms an address, by the link that was sent there."""
    return await render_template("confirm_email.html", visitor=await visitor())


async def _page(name: str) -> str:
    """A page for anybody, which says so while there is no account at all."""
    who, is_empty = await visitor(), False
    if who is None:
        async with read() as db:
            is_empty = not await anybody_there(db)
    return await render_template(name, visitor=who, is_empty=is_empty)


@pages.get("/board")
@public
@hide
async def board() -> str | Redirection:
    """The board, or the way to sign in."""
    who = await visitor()
    if who is None:
        return redirect("/sign-in")
    modules = await asyncio.to_thread(modules_of, "board.js")
    return await render_template("board.html", visitor=who, modules=modules, settings=settings())


@pages.get("/account")
@public
@hide
async def account() -> str | Redirection:
    """One's own account, or the way to sign in."""
    who = await visitor()
    if who is None:
        return redirect("/sign-in")
    modules = await asyncio.to_thread(modules_of, "account.js")
    return await render_template(
        "account.html",
        visitor=who,
        modules=modules,
        has_mail=services().outbox.is_open,
        max_file_bytes=settings().max_file_bytes,
    )


@pages.get("/groups/<id:group_id>/roster")
@public
@uncompressed
@hide
async def roster(group_id: int) -> str | Redirection:
    """Where an owner who may enrols people."""
    who = await visitor()
    if who is None:
        return redirect("/sign-in")
    async with read() as db:
        group = await find_roster(db, group_id, by=who)
    modules = await asyncio.to_thread(modules_of, "roster.js")
    return await render_template(
        "roster.html",
        visitor=who,
        group=group,
        modules=modules,
        most=MAX_ENROLLED,
        is_reached=address_to_pass_on()[1],
    )


@pages.get("/groups/<id:group_id>/invite")
@public
@uncompressed
@hide
async def invite(group_id: int) -> str | Redirection:
    """The join code of a group, for its moderators to project or to print."""
    who = await visitor()
    if who is None:
        return redirect("/sign-in")
    async with read() as db:
        group = await find_group(db, group_id, reader=who)
        code = await find_join_code(db, group)
        live = await cursors(db, moderation_topic(group.id))
    address, is_reached = address_to_pass_on()
    link = f"{address}/register#join={code['join_code']}"
    (picture,) = await asyncio.to_thread(drawn, [link])
    modules = await asyncio.to_thread(modules_of, "invite.js")
    return await render_template(
        "invite.html",
        visitor=who,
        modules=modules,
        group=group,
        code=code,
        live=live,
        is_used_up=is_used_up(code),
        address=address.removeprefix("https://"),
        picture=picture,
        is_reached=is_reached,
    )


@cache
def modules_of(name: str) -> list[str]:
    """A module and all that it imports, so that a browser fetches them at once."""
    found, unread = {name}, [name]
    while unread:
        module = unread.pop()
        imported = {
            urljoin(f"/static/{module}", address).removeprefix("/static/")
            for address in IMPORT.findall((STATIC / module).read_text())
        }
        unread += imported - found
        found |= imported
    return sorted(found)


@pages.get("/static/<path:name>")
@public
@hide
async def static(name: str) -> Response:
    file, kept = assets.found_at(name)
    return await deliver_static(STATIC, file, kept)


@pages.get("/favicon.ico")
@public
@hide
async def favicon() -> Redirection:
    """The icon, for browsers that ask before they have read a page."""
    return redirect("/static/favicon.svg", 301)
