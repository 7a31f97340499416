"""Making pictures small: what it costs the process that does it."""

import subprocess
import sys

CHILD = """
import resource
from model.storage.pixels import thumbnail
from tests.support.pictures import bomb, png

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

thumbnail(png(), 64)
thumbnail(bomb(100), 64)
picture = bomb(5000)
b"x" * 100_000_000
before = peak()
thumbnail(picture, 256)
print(peak() == before)
"""


def test_a_large_picture_is_never_there_twice() -> None:
    """In colours, these 25 megapixels would have 100 MB."""
    asked = [sys.executable, "-c", CHILD]
    assert subprocess.run(asked, check=True, capture_output=True).stdout == b"True\n"
