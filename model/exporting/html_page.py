"""Posts as one page that needs nothing else: no script, no server, no network."""

from collections.abc import Sequence
from html import escape
from urllib.parse import quote

from model.channel import ChannelView
from model.exporting.zip_file import file_name
from model.file import FileView
from model.post import PostView

_SHOWN = {"image/png", "image/jpeg", "image/gif", "image/webp"}

_HEAD = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ max-width: 46rem; margin: 0 auto; padding: 1rem; font: 1rem/1.5 system-ui, sans-serif }}
h2 {{ margin-top: 3rem; border-bottom: 1px solid }}
article {{ margin: 1rem 0; overflow-wrap: anywhere }}
article.reply {{ margin-left: 2rem; padding-left: 1rem; border-left: 3px solid #8886 }}
article > p {{ margin: .1rem 0; white-space: pre-wrap }}
time, .hint {{ color: GrayText; font-size: .85rem }}
img {{ display: block; max-width: min(100%, 26rem); max-height: 26rem; margin: .4rem 0 }}
</style>
<h1>{title}</h1>
<p>{description}</p>
<ul>{channels}</ul>
"""


def html_head(title: str, description: str, channels: Sequence[ChannelView]) -> str:
    """What comes before the channels, with a link to each."""
    links = [
        f'<li><a href="#channel-{channel["id"]}">{escape(channel["name"])}</a></li>'
        for channel in channels
    ]
    return _HEAD.format(
        title=escape(title), description=escape(description), channels="".join(links)
    )


def html_channel(channel: ChannelView) -> str:
    """The heading of a channel, behind which its posts come."""
    name, description = escape(channel["name"]), escape(channel["description"])
    return f'<h2 id="channel-{channel["id"]}">{name}</h2>\n<p class="hint">{description}</p>\n'


def html_post(post: PostView) -> str:
    """A post or a reply."""
    author = escape(post["author"]["name"]) if post["author"] else "somebody who left"
    edited = ", edited" if post["edited_at"] else ""
    moment = f"{post['created_at']:%Y-%m-%d %H:%M} UTC"
    kind = ' class="reply"' if post["parent"] else ""
    files = "".join(_file(file) for file in post["files"])
    reactions = " ".join(
        f"{escape(reaction['emoji'])} {len(reaction['user_ids'])}" for reaction in post["reactions"]
    )
    return (
        f'<article{kind} id="post-{post["id"]}"><strong>{author}</strong> '
        f"<time>{moment}{edited}</time>\n<p>{escape(post['text'])}</p>{files}"
        f'<span class="hint">{reactions}</span></article>\n'
    )


def name_in_zip(file_id: int, name: str) -> str:
    """The path of a file in the ZIP."""
    return f"files/{file_id}-{file_name(name)}"


def _file(file: FileView) -> str:
    address, name = escape(quote(name_in_zip(file["id"], file["name"]))), escape(file["name"])
    if file["image"] and file["media_type"] in _SHOWN:
        shown = f'<img loading="lazy" alt="{name}" src="{address}">'
        return f'<a href="{address}">{shown}</a>'
    return f'<p><a href="{address}">{name}</a></p>'
