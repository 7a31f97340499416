"""What is asked of the machine when somebody looks at the figures."""

import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.registry import Collector

from api.settings import Settings


class Machine(Collector):
    def __init__(self, settings: Settings, version: str) -> None:
        address = settings.database_address
        self._about = {
            "version": version,
            "node": settings.node_name,
            "database": address.get_backend_name(),
        }
        self._instance = settings.instance
        self._database = Path(address.database or "") if "sqlite" in address.drivername else None

    def collect(self) -> Iterator[Metric]:
        yield InfoMetricFamily("homeroom", "What runs here.", self._about)
        with suppress(OSError):
            disk = shutil.disk_usage(self._instance)
            yield _gauge("homeroom_disk_free_bytes", "Of the instance folder's disk.", disk.free)
            yield _gauge("homeroom_disk_bytes", "The size of that disk.", disk.total)
        if self._database is not None:
            yield _gauge("homeroom_database_bytes", "SQLite's file.", _bytes(self._database))
            log = self._database.with_name(f"{self._database.name}-wal")
            yield _gauge("homeroom_database_log_bytes", "SQLite's file app.db-wal.", _bytes(log))


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(name, documentation, value)


def _bytes(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
