"""What the documents tell people to type: the blocks of a Markdown file."""

import re
from collections.abc import Iterator

from tests.support.server import ROOT

HERE = "localhost:8080"
BLOCK = re.compile(r'^```(\w+)(?: title="([^"]+)")?\n(.*?)^```$', re.MULTILINE | re.DOTALL)


def blocks(document: str, language: str) -> list[str]:
    """The code of each block of this language, in order. `document` is a path from the root."""
    found = BLOCK.findall((ROOT / document).read_text())
    return [code for written_in, _, code in found if written_in == language]


def named_blocks(document: str, language: str) -> dict[str, list[str]]:
    """The blocks that say of which file they are, by its path."""
    named: dict[str, list[str]] = {}
    for written_in, name, code in BLOCK.findall((ROOT / document).read_text()):
        if written_in == language and name:
            named.setdefault(name, []).append(code)
    return named


def steps(document: str, heading: str) -> Iterator[tuple[str, str]]:
    """What the text under a heading makes people do: files to write, by name, and commands.

    The name of commands is empty.
    """
    _, _, after = (ROOT / document).read_text().partition(f"\n{heading}\n")
    text = re.split(r"^##+ ", after, maxsplit=1, flags=re.MULTILINE)[0]
    for language, name, code in BLOCK.findall(text):
        if name or language == "sh":
            yield name, code


def commands_for_a_running_server(document: str) -> str:
    """All blocks of `sh` that ask the server, as one script: who reads on keeps her terminal."""
    return "".join(block for block in blocks(document, "sh") if HERE in block)
