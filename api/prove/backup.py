"""Makes a backup under load and puts it back: what was acknowledged before it began is there again.

What came after it is gone, sessions too. So everybody signs in again, and fetches everything anew.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from api.prove.act import Act
from api.prove.client import Client
from api.prove.instance import Instance
from api.prove.record import Record
from api.prove.stage import Stage
from api.prove.verdict import Verdict


@dataclass
class Backup:
    """Made and restored at the first of the nodes."""

    nodes: Sequence[Instance]
    acknowledged: set[int] = field(default_factory=set)  # posts, before it began
    lost: int = 0
    still_signed_in: int = 0

    @property
    def file(self) -> str:
        return str(self.nodes[0].folder / "backup.zip")

    async def make(self, act: Act) -> None:
        """In the middle of an act, while everybody goes on."""
        await act.progress.reach(act.options.events // 2)
        self.acknowledged = set(act.record.acknowledged)
        await asyncio.to_thread(self.nodes[0].run, "backup", self.file)

    async def restore(self, stage: Stage) -> Stage:
        """The stage as it is when everybody is back."""
        for node in self.nodes:
            await asyncio.to_thread(node.stop)
        await asyncio.to_thread(self.nodes[0].run, "restore", self.file)
        for node in self.nodes:
            await asyncio.to_thread(node.start)
        self.still_signed_in = sum([await person.is_signed_in() for person in stage.people])
        stage = await stage.opened_again()
        self.lost = len(self.acknowledged - await stage.post_ids())
        return stage

    def judge(self, clients: Sequence[Client], record: Record) -> Verdict:
        """Judge by the record of the act that follows."""
        unaware = max(0, sum(len(client.places) for client in clients) - record.resets)
        findings = [
            f"{count} {what}"
            for count, what in (
                (self.lost, "posts were acknowledged before the backup began, and are not in it"),
                (self.still_signed_in, "people are still signed in after the restore"),
                (unaware, "topics were not fetched anew after the restore"),
            )
            if count
        ]
        return Verdict(0, self.lost + unaware, 0, 0, self.still_signed_in, findings)
