"""What decoding in processes costs, beside decoding in the threads that ask: `python -m tests.benchmarks.isolation`.

The engines, one for each value of JPPNET_ISOLATE_DECODING, are in one process and take turns of a second, so that
whatever else the machine does disturbs all alike.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final, get_args

from service.api.response.json import analyze_json
from service.engine.engine import Engine
from service.imaging.inspect import read_file
from service.settings import Isolation, Settings
from tests.benchmarks.photos import mixed_photos, numbered, street_photos
from tests.benchmarks.ratios import paired

ROUNDS: Final = 15
SECONDS: Final = 1.0
CLIENTS: Final = (1, 2, 8)


async def one_client(engine: Engine, photos: Sequence[bytes], until: float, latencies: list[float]) -> None:
    number = 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        photo = await engine.inspect(numbered(photos[number % len(photos)], number))
        await engine.analyze(photo, analyze_json)
        latencies.append(time.perf_counter() - began)
        number += 1


def cpu_seconds(engine: Engine) -> float:
    """The CPU time that this process and the engine's decoding processes have used."""
    ran = (Path(f"/proc/{pid}/schedstat").read_text().split()[0] for pid in engine.decoder.pids)
    return time.process_time() + sum(int(nanoseconds) / 1e9 for nanoseconds in ran)


async def photos_per_second(engine: Engine, photos: Sequence[bytes], clients: int) -> tuple[float, float, float]:
    """The rate, the median latency and the CPU time of a photo, both in milliseconds."""
    used = cpu_seconds(engine)
    latencies: list[float] = []
    began = time.perf_counter()
    until = began + SECONDS
    await asyncio.gather(*(one_client(engine, photos, until, latencies) for _ in range(clients)))
    return (
        len(latencies) / (time.perf_counter() - began),
        1000 * median(latencies),
        1000 * (cpu_seconds(engine) - used) / len(latencies),
    )


def main() -> None:
    """Prints ratios (isolated over not) of rates, and differences of latencies."""
    street = street_photos(None)
    common = {"provider": "cpu", "lanes": None, "closer_look": False, "share_runs": False}
    engines = {value: Engine.start(Settings(**common, isolate_decoding=value)) for value in get_args(Isolation)}
    for name, photos in (("street", street), ("mixed", mixed_photos(street))):
        walks = [_walk_milliseconds(photo) for photo in photos]
        sizes = [len(photo) // 1000 for photo in photos]
        print(name, "kB", sizes, "walk ms", [round(walk, 3) for walk in walks])
        for clients in CLIENTS:
            rounds = []
            for number in range(ROUNDS):
                order = sorted(engines, reverse=number % 2 == 0)
                rounds.append(
                    {value: asyncio.run(photos_per_second(engines[value], photos, clients)) for value in order}
                )
            for value in engines:
                if value != "none":
                    print(f"{name}, {clients} clients, {value}: {_compared(rounds, value)}", flush=True)
    for engine in engines.values():
        engine.close()


def _compared(rounds: Sequence[dict[str, tuple[float, float, float]]], value: str) -> str:
    """One value of the setting beside "none"."""
    ours, theirs = ([found[which] for found in rounds] for which in (value, "none"))
    rates = paired([rate for rate, *_ in ours], [rate for rate, *_ in theirs])
    cpu = paired([cpu for *_, cpu in ours], [cpu for *_, cpu in theirs])
    more = median(our[1] - their[1] for our, their in zip(ours, theirs, strict=True))
    rate, latency = (median(their[which] for their in theirs) for which in (0, 1))
    return f"rate × {rates}, latency {more:+.2f} ms, CPU × {cpu}; with none {rate:.1f} photos/s, {latency:.1f} ms"


def _walk_milliseconds(photo: bytes) -> float:
    began = time.perf_counter()
    for _ in range(20):
        read_file(photo)
    return 1000 * (time.perf_counter() - began) / 20


if __name__ == "__main__":
    main()
