"""What the documents tell people to type: the blocks of a Markdown file."""

import re

from tests.support.server import ROOT

HERE = "localhost:8080"


def blocks(document: str, language: str) -> list[str]:
    """The code of each block of this language, in order. `document` is a path from the root."""
    shown = (ROOT / document).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", shown, re.MULTILINE | re.DOTALL)


def commands_for_a_running_server(document: str) -> str:
    """All blocks of `sh` that ask the server, as one script: who reads on keeps her terminal."""
    return "".join(block for block in blocks(document, "sh") if HERE in block)
