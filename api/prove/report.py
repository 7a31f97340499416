"""The table that is printed at the end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import quantiles

from api.prove.act import Outcome
from api.prove.plan import AHEAD_S, START, Options
from api.prove.verdict import Verdict

WIDTH = 26
TOO_FEW = 2  # values have no percentiles


@dataclass(frozen=True)
class Report:
    """The result of a run."""

    options: Options
    outcomes: Sequence[Outcome]
    verdict: Verdict
    connections: int
    cuts: int
    failed_twice: int

    @property
    def is_kept(self) -> bool:
        """Nobody notices an update: what fails at one node succeeds at the next."""
        return self.verdict.is_kept and not (self.options.update_from and self.failed_twice)

    def lines(self) -> Iterator[str]:
        verdict, records = self.verdict, [outcome.record for outcome in self.outcomes]
        posts = sum(len(record.acknowledged) for record in records)
        deliveries = sum(record.deliveries for record in records)
        resets = sum(record.resets for record in records)
        yield from self._harm()
        yield ""
        yield row("events", verdict.events, f"of them {posts:,} posts")
        yield row("deliveries", deliveries, f"over {self.connections:,} connections")
        yield row("lost", verdict.lost, "acknowledged or numbered, and not come")
        yield row("twice", verdict.twice, "come again, or written again by a repeated request")
        yield row("out of order", verdict.out_of_order, "come before an earlier one of its topic")
        yield row("leaked", verdict.leaked, "come to who had lost the right before it was written")
        if self.options.update_from:
            yield row("failed twice", self.failed_twice, "of requests that were repeated at once")
        yield row("told to fetch anew", resets, "(reset)")
        yield from self._latency()
        memory = self.outcomes[0].memory
        if memory is None:
            yield f"{'memory a connection':{WIDTH}} not measured: it takes Linux and 25 clients"
        else:
            yield row("memory a connection", round(memory / 1e3), "kB of all workers (PSS)")
        yield ""
        yield from verdict.findings
        yield "The promise was kept." if self.is_kept else "A promise was broken."

    def _harm(self) -> Iterator[str]:
        """What was there, and what was done to it."""
        options = self.options
        seconds = sum(outcome.seconds for outcome in self.outcomes)
        removals = sum(outcome.removals for outcome in self.outcomes)
        database = "PostgreSQL" if options.database_url else "SQLite"
        nodes = f" {counted(options.nodes, 'node')} with" if options.nodes > 1 else ""
        yield (
            f"{database},{nodes} {counted(options.workers, 'worker')}{' each' if nodes else ''},"
            f" {counted(options.clients, 'client')}, {counted(options.writers, 'writer')},"
            f" seed {options.seed}, {seconds:.1f} s"
        )
        yield (
            f"{counted(self.cuts, 'connection')} cut, {counted(options.kills, 'worker')} killed,"
            f" {counted(options.restarts, 'restart')},"
            f" {counted(removals, 'right')} taken away"
        )
        if options.backup:
            yield "a backup made under load, and restored"
        if options.nodes > 1:
            updated = ", all of them updated one by one" if options.update_from else ""
            yield (
                f"{counted(options.crashes, 'node')} killed,"
                f" {counted(options.silences, 'time')} cut off from PostgreSQL,"
                f" clocks {AHEAD_S} s apart{updated}"
            )
        if options.redis:
            restarted = ", killed and started again" if options.redis == START else ""
            yield f"Redis between the nodes{restarted}"

    def _latency(self) -> Iterator[str]:
        """The delays of live events; what a client missed while it was away does not count."""
        latencies = [each for outcome in self.outcomes for each in outcome.record.latencies]
        if len(latencies) < TOO_FEW:
            return
        cuts = quantiles(latencies, n=100, method="inclusive")
        p50, p95, p99 = (f"{cuts[at - 1] * 1e3:,.0f}" for at in (50, 95, 99))
        yield f"{'latency p50, p95, p99':{WIDTH}} {p50}, {p95}, {p99} ms"
        yield f"{'':{WIDTH}} from just before the commit until a client has read it, at this load"


def row(name: str, value: int, meaning: str) -> str:
    return f"{name:{WIDTH}}{value:>10,}  {meaning}"


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
