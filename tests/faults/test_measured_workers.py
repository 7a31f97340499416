"""Figures of a real server: summed over its workers, kept when one is killed, and watched."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from tests.support.http_client import HttpClient, first_account
from tests.support.prometheus import MONITORING, Prometheus, prometheus
from tests.support.scraping import SETTINGS, scraped, total
from tests.support.server import Server
from tests.support.waiting import within

RESTARTS = "homeroom_worker_restarts_total"
GIVEN_BY_GRAFANA = {"[$__rate_interval]": "[1m]", "$instance": ".*"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("measured")
    server = Server(folder / "instance", workers=2, settings=SETTINGS)
    yield server.start()
    server.close()


def expressions() -> list[str]:
    """Of the dashboard, as Grafana would ask them for everything, and of the alerts."""
    dashboard = json.loads((MONITORING / "dashboard.json").read_text())
    asked = [each["expr"] for panel in dashboard["panels"] for each in panel.get("targets", ())]
    for variable, value in GIVEN_BY_GRAFANA.items():
        asked = [each.replace(variable, value) for each in asked]
    return asked


def rules_of(asked: Prometheus) -> list[dict[str, Any]]:
    return [rule for group in asked.ask("rules")["groups"] for rule in group["rules"]]


def test_prometheus_knows_all_that_the_dashboard_and_the_alerts_ask_for(
    server: Server, tmp_path: Path
) -> None:
    """It starts a server, and Prometheus."""
    first_account(server).made("POST", "/api/groups", {"name": "class"})
    with connect(f"{server.url.replace('http', 'ws')}/api/live"):
        pass
    assert within(5, lambda: total(scraped(server), "homeroom_connections_closed_total") == 1)
    with prometheus(server, tmp_path / "monitoring") as asked:
        rules = rules_of(asked)
        queries = [*expressions(), *[rule["query"] for rule in rules]]
        assert len(rules) > 10
        assert len(queries) > 40
        series, labels = asked.ask("label/__name__/values"), {*asked.ask("labels")}
        for query in queries:
            assert {*re.findall(r"\bhomeroom_\w+", query)} <= {*series}, query
            named = re.findall(r"by \(([^)]+)\)", query) + re.findall(r"(\w+)[=!]~?\"", query)
            assert {name for each in named for name in re.split(r"[, ]+", each)} <= labels, query
            asked.ask("query", query=query)
        assert within(10, lambda: {rule["health"] for rule in rules_of(asked)} == {"ok"})


def ask_for_nothing(server: Server, times: int) -> None:
    """Ask for a page that is not there, since nobody else does so."""
    for _ in range(times):
        assert HttpClient(server).ask("GET", "/nowhere")[0] == 404


def counted(server: Server) -> float:
    return total(scraped(server), "homeroom_requests_total", route="-", status="404")


def end(workers: list[int], how: signal.Signals, server: Server) -> None:
    """End these workers, and wait until each is replaced."""
    for worker in workers:
        os.kill(worker, how)

    def are_replaced() -> bool:
        now = server.worker_pids()
        return len(now) == server.workers and not {*now} & {*workers}

    assert within(20, are_replaced)


def test_what_is_counted_is_summed_over_the_workers_whichever_is_asked_stopped_or_killed(
    server: Server,
) -> None:
    """It ends each worker once: one by a kill, after its counts were seen, and both by a stop."""
    ended = total(scraped(server), RESTARTS)
    ask_for_nothing(server, 40)
    assert within(5, lambda: counted(server) == 40)
    end(server.worker_pids()[:1], signal.SIGKILL, server)
    assert counted(server) == 40
    ask_for_nothing(server, 20)
    end(server.worker_pids(), signal.SIGTERM, server)
    assert counted(server) == 60
    assert total(scraped(server), RESTARTS) == ended + 3
    assert within(20, lambda: total(scraped(server), "homeroom_workers") == 2)


def test_what_a_killed_worker_had_is_not_counted_any_more(server: Server) -> None:
    with connect(f"{server.url.replace('http', 'ws')}/api/live", open_timeout=10):
        assert within(5, lambda: total(scraped(server), "homeroom_connections") == 1)
        for pid in server.worker_pids():
            os.kill(pid, signal.SIGKILL)
        assert within(20, lambda: total(scraped(server), "homeroom_connections") == 0)
