"""typed: words as they are folded now, one spelling of each emoji, names as they are typed."""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from model.log.event import epoch_name
from model.text.emoji import one_emoji
from model.text.typed import clean_name, clean_short
from model.text.word import searchable

revision = "0010"
down_revision = "0009"
oldest_code = "0010"  # older code would fold words otherwise, and write both ❤ and ❤️

BATCH = 1000

POSTS = sa.table("posts", sa.column("id"), sa.column("text"), sa.column("words"))
REACTIONS = sa.table("reactions", *map(sa.column, ("post_id", "emoji", "user_id")))
EPOCHS = sa.table("epochs", sa.column("name"))
USERS = sa.table("users", sa.column("id"), sa.column("username_key"))
NAMES = (
    sa.table("users", sa.column("name")).c.name,
    sa.table("groups", sa.column("name")).c.name,
    sa.table("channels", sa.column("name")).c.name,
    sa.table("scores", sa.column("game")).c.game,
)


def upgrade() -> None:
    fold_words()
    find_by_what_is_typed()
    changed = [respell(name, lambda old: clean_name(old).replace("\n", " ")) for name in NAMES]
    changed.append(respell(REACTIONS.c.emoji, one_emoji, before=drop_doubled))
    if any(changed):  # without an event: whoever follows has to fetch all of it again
        op.execute(sa.update(EPOCHS).values(name=epoch_name()))


def fold_words() -> None:
    connection = op.get_bind()
    last = 0
    while rows := connection.execute(
        sa.select(POSTS).where(POSTS.c.id > last).order_by(POSTS.c.id).limit(BATCH)
    ).all():
        folded = [{"of_post": row.id, "words": searchable(row.text)} for row in rows]
        changed = [new for new, row in zip(folded, rows, strict=True) if new["words"] != row.words]
        if changed:
            connection.execute(
                sa.update(POSTS).where(POSTS.c.id == sa.bindparam("of_post")), changed
            )
        last = rows[-1].id


def find_by_what_is_typed() -> None:
    """Clean the keys of usernames: `user-add` took any. Where one is taken, its owner keeps it."""
    key, other = USERS.c.username_key, USERS.alias()
    for old in op.get_bind().scalars(sa.select(key).order_by(USERS.c.id)).all():
        if (new := clean_short(old).lower()) and new != old:
            is_free = ~sa.exists().where(other.c.username_key == new)
            op.execute(sa.update(USERS).where(key == old, is_free).values(username_key=new))


def respell(
    column: sa.ColumnClause[str],
    spelling: Callable[[str], str | None],
    before: Callable[[str, str], None] = lambda *_: None,
) -> bool:
    """Whether something was spelt otherwise."""
    found = op.get_bind().scalars(sa.select(column).distinct()).all()
    changed = [(old, new) for old in found if (new := spelling(old)) and new != old]
    for old, new in changed:
        before(old, new)
        op.execute(sa.update(column.table).where(column == old).values({column.name: new}))
    return bool(changed)


def drop_doubled(old: str, new: str) -> None:
    """Who has reacted with both spellings to a post keeps one."""
    other = REACTIONS.alias()
    op.execute(
        sa.delete(REACTIONS).where(
            REACTIONS.c.emoji == old,
            sa.exists().where(
                other.c.post_id == REACTIONS.c.post_id,
                other.c.user_id == REACTIONS.c.user_id,
                other.c.emoji == new,
            ),
        )
    )
