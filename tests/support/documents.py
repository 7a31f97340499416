"""What the documents tell people to type: the blocks of a Markdown file."""

import re

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


def commands_for_a_running_server(document: str) -> str:
    """All blocks of `sh` that ask the server, as one script: who reads on keeps her terminal."""
    return "".join(block for block in blocks(document, "sh") if HERE in block)
