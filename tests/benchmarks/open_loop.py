"""Open-loop load: requests come when they are due, whether earlier ones are answered or not.

No packaged tool would do: wrk, hey, ab and autocannon wait for answers, wrk2 and vegeta are in few package archives,
and none looks at what a refusal says. This one takes about 0.3 ms of a core for a request; each result says how much.
"""

import asyncio
import itertools
import resource
import time
from collections.abc import Sequence

import uvloop

from tests.benchmarks.connection import Answer, Connections, HungUpError, post
from tests.benchmarks.outcomes import OpenLoop, Outcome, due_times, summarize
from tests.benchmarks.photos import numbered
from tests.benchmarks.servers import LOCALHOST, Server

_numbers = itertools.count(50_000_000)


def run_open_loop(server: Server, photos: Sequence[bytes], per_second: float, seconds: float, grace: float) -> OpenLoop:
    """Posts photos at a steady rate for some seconds; answers may come until ``grace`` seconds later."""
    outcomes, cores = open_loop(server, photos, per_second, seconds, grace)
    return summarize(outcomes, seconds, cores)


def open_loop(
    server: Server, photos: Sequence[bytes], per_second: float, seconds: float, grace: float
) -> tuple[list[Outcome], float]:
    """The same, request by request; and the cores that this took."""
    allow_connections()
    began = time.process_time()
    outcomes = uvloop.run(_send_all(server, photos, due_times(per_second, seconds), seconds + grace))
    return outcomes, (time.process_time() - began) / seconds


def allow_connections() -> None:
    """Lets this process open as many files as it may."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _send_all(server: Server, photos: Sequence[bytes], due: Sequence[float], end: float) -> list[Outcome]:
    connections = Connections(LOCALHOST, server.port)
    start = time.monotonic()
    tasks = []
    for number, moment in enumerate(due):
        await asyncio.sleep(max(0, start + moment - time.monotonic()))
        request = post(numbered(photos[number % len(photos)], next(_numbers)), server.kind.call)
        tasks.append(asyncio.create_task(_send(connections, request, start, moment, end)))
    outcomes = await asyncio.gather(*tasks)
    connections.close()
    return outcomes


async def _send(connections: Connections, request: bytes, start: float, due: float, end: float) -> Outcome:
    try:
        async with asyncio.timeout(start + end - time.monotonic()):
            connection = await connections.take()
            try:
                answer = await connection.ask(request)
            except asyncio.CancelledError:
                connection.hang_up()
                raise
            finally:
                connections.give_back(connection)
    except (TimeoutError, HungUpError, OSError):
        return Outcome(due, None)
    return Outcome(due, time.monotonic() - start, answer.status, is_proper_refusal(answer))


def is_proper_refusal(answer: Answer) -> bool:
    """Whether the client is told that, and when, to try again."""
    return answer.status in (503, 504) and answer.is_problem and answer.has_retry_after
