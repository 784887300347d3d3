"""An hour of photos of all sizes from clients of which many hang up: `make bench-soak`."""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import uvloop

from tests.benchmarks.connection import Connections, HungUpError, post
from tests.benchmarks.machine import describe_run
from tests.benchmarks.memory import describe_memory
from tests.benchmarks.metrics import PHOTOS_RUN, UNDER_WAY, read_metrics
from tests.benchmarks.open_loop import is_proper_refusal
from tests.benchmarks.options import chosen_options
from tests.benchmarks.photos import mixed_photos, numbered
from tests.benchmarks.servers import LOCALHOST, OURS, Server, serving

CLIENTS: Final = 16
HANG_UPS: Final = 0.3
"""The share of requests whose clients hang up: half of them while they send, half while they wait."""
LONGEST_WAIT: Final = 0.2
"""Seconds; who hangs up while waiting does so at any moment until then, or stays if the answer comes first."""
SECONDS: Final = 3600
SAMPLE_SECONDS: Final = 1
ANSWER_SECONDS: Final = 60


@dataclass(slots=True)
class Soak:
    """What is left to send, and what became of what was sent."""

    left: int
    until: float
    photos: Sequence[bytes]
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    sent: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    memory: list[int] = field(default_factory=list)

    def next_request(self) -> bytes | None:
        """A photo's request that nobody sent before; None at the end."""
        if self.sent >= self.left or time.monotonic() >= self.until:
            return None
        self.sent += 1
        return post(numbered(self.chance.choice(self.photos), self.sent))


def main() -> None:
    """Sends the photos and writes to soak.json what came of it."""
    with chosen_options(__doc__) as chosen, serving([OURS], chosen.setup, chosen.photos[0]) as servers:
        server = servers[OURS.name]
        before = read_metrics(server)
        began = time.monotonic()
        soak = Soak(chosen.requests, began + SECONDS, mixed_photos(chosen.photos))
        uvloop.run(_soak(server, soak))
        seconds = time.monotonic() - began
        time.sleep(2)  # whoever hung up last is noticed
        after = read_metrics(server)
        result = {
            **describe_run(chosen, f"make bench-soak REQUESTS={chosen.requests}"),
            "seconds": seconds,
            "requests": soak.sent,
            "clients": CLIENTS,
            "counts": soak.counts,
            "memory": describe_memory(soak.memory),
            "under_way_at_the_end": after.get(UNDER_WAY),
            "photos_run": after[PHOTOS_RUN] - before.get(PHOTOS_RUN, 0) if PHOTOS_RUN in after else None,
        }
        (chosen.out / "soak.json").write_text(json.dumps(result, indent=1))
        print(json.dumps(result, indent=1))


async def _soak(server: Server, soak: Soak) -> None:
    connections = Connections(LOCALHOST, server.port)
    sampler = asyncio.create_task(_sample(server, soak.memory))
    await asyncio.gather(*(_client(connections, soak) for _ in range(CLIENTS)))
    sampler.cancel()
    connections.close()


async def _sample(server: Server, memory: list[int]) -> None:
    while True:
        memory.append(server.resident_bytes())
        await asyncio.sleep(SAMPLE_SECONDS)


async def _client(connections: Connections, soak: Soak) -> None:
    while request := soak.next_request():
        soak.counts[await _send(connections, request, soak.chance)] += 1


async def _send(connections: Connections, request: bytes, chance: random.Random) -> str:
    """Sends a request, or begins to; says what became of it."""
    connection = await connections.take()
    hangs_up = chance.random() < HANG_UPS
    try:
        if hangs_up and chance.random() < 0.5:
            connection.ask(request[: chance.randrange(1, len(request))])
            await asyncio.sleep(chance.uniform(0, LONGEST_WAIT))
            connection.hang_up()
            return "hung up while sending"
        patience = chance.uniform(0, LONGEST_WAIT) if hangs_up else ANSWER_SECONDS
        answer = await asyncio.wait_for(connection.ask(request), patience)
    except TimeoutError:
        connection.hang_up()
        return "hung up while waiting" if hangs_up else "no answer"
    except HungUpError:
        return "no answer"
    finally:
        connections.give_back(connection)
    if answer.status == 200:
        return "answered"
    return "refused" if is_proper_refusal(answer) else f"status {answer.status}"


if __name__ == "__main__":
    main()
