"""The ports of servers that are started, stopped and started again."""

import subprocess
import sys

import pytest

from tests.support.server import ROOT

ASKED = 400  # of some 14,000: one of them came twice all but always
ALL_THAT_ARE_GIVEN = f"""
from api.prove.instance import free_port
print(*(free_port() for _ in range({ASKED})))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only there a port can be kept")
def test_no_two_servers_are_given_the_same_port() -> None:
    given = subprocess.check_output([sys.executable, "-c", ALL_THAT_ARE_GIVEN], cwd=ROOT)
    assert len(set(given.split())) == ASKED
