"""What /metrics shows, read as Prometheus reads it."""

import urllib.request
from collections.abc import Mapping

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.support.server import Server

TOKEN = "metrics-" + "m" * 24
SETTINGS = {"HOMEROOM_METRICS_TOKEN": TOKEN}
OPENMETRICS = "application/openmetrics-text;version=1.0.0"

Figures = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def figures_of(text: str) -> Figures:
    """Each sample by its name and labels. Raises ValueError for what is not OpenMetrics."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)  # type: ignore[no-untyped-call]
        for sample in family.samples
    }


def total(figures: Figures, name: str, **labels: str) -> float:
    """The sum of all samples of a name that have these labels."""
    return sum(
        value for (of, has), value in figures.items() if of == name and has >= labels.items()
    )


def scraped(server: Server) -> Figures:
    """By whichever worker answers."""
    asked = urllib.request.Request(
        f"{server.url}/metrics", headers={"Authorization": f"Bearer {TOKEN}", "Accept": OPENMETRICS}
    )
    with urllib.request.urlopen(asked, timeout=5) as answer:
        return figures_of(answer.read().decode())
