"""Which process runs which tests."""

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

IN_A_BROWSER = "tests/browser/"


class FewBrowsers(LoadScopeScheduling):  # type: ignore[misc]
    """Every second process runs those in a browser; the others go wherever there is time.

    A browser and its server take seconds to start, and four of them are in each other's way.
    """

    def __init__(self, config: pytest.Config, log: Any) -> None:
        super().__init__(config, log)
        self._scopes: dict[str, str] = {}

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith(IN_A_BROWSER):
            return nodeid
        browsers = max(1, self.numnodes // 2)
        turn = len(self._scopes) % browsers
        return self._scopes.setdefault(nodeid, f"{IN_A_BROWSER}{turn}")
