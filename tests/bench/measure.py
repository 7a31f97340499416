"""What every measure has: the servers, somebody's board, and where the figures go."""

from dataclasses import dataclass

from tests.bench.load import Connection
from tests.bench.stage import Board, connect
from tests.bench.subscriber import Frames, Subscriber
from tests.bench.table import Results
from tests.support.server import Server


@dataclass(frozen=True)
class Measure:
    """Both servers run."""

    results: Results
    homeroom: Server
    floor: Server
    board: Board
    seconds: float

    async def connect(self) -> Connection:
        return await connect(self.homeroom)

    async def subscribe(self, shared: Frames | None = None) -> Subscriber:
        subscriber = await Subscriber(shared).open(self.homeroom.port)
        return await subscriber.follow(self.board.topic, self.board.token)

    async def bare(self) -> Subscriber:
        return await Subscriber(bare=True).open(self.floor.port)
