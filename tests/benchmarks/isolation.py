"""What decoding in processes costs, beside decoding in the threads that ask: `python -m tests.benchmarks.isolation`.

Both engines are in one process and take turns of a second, so that whatever else the machine does disturbs both alike.
"""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Final

from service.api.response.json import analyze_json
from service.engine.decoding.decoders import ProcessDecoder
from service.engine.engine import Engine
from service.imaging.inspect import read_file
from service.settings import Settings
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
    pids = engine.decoder.pids if isinstance(engine.decoder, ProcessDecoder) else []
    return time.process_time() + sum(int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 for pid in pids)


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
    engines = [Engine.start(Settings(**common, isolate_decoding=isolated)) for isolated in (True, False)]
    for name, photos in (("street", street), ("mixed", mixed_photos(street))):
        walks = [_walk_milliseconds(photo) for photo in photos]
        sizes = [len(photo) // 1000 for photo in photos]
        print(name, "kB", sizes, "walk ms", [round(walk, 3) for walk in walks])
        for clients in CLIENTS:
            rounds = []
            for number in range(ROUNDS):
                order = engines if number % 2 else engines[::-1]
                found = {id(engine): asyncio.run(photos_per_second(engine, photos, clients)) for engine in order}
                rounds.append([found[id(engine)] for engine in engines])
            rates = paired([ours[0] for ours, _ in rounds], [theirs[0] for _, theirs in rounds])
            more = median(ours[1] - theirs[1] for ours, theirs in rounds)
            rate = median(theirs[0] for _, theirs in rounds)
            cpu, cpu_without = (median(pair[which][2] for pair in rounds) for which in (0, 1))
            print(
                f"{name}, {clients} clients: rate × {rates}, latency {more:+.2f} ms; {rate:.1f} photos/s without; "
                f"CPU {cpu:.2f} and {cpu_without:.2f} ms a photo"
            )
    for engine in engines:
        engine.close()


def _walk_milliseconds(photo: bytes) -> float:
    began = time.perf_counter()
    for _ in range(20):
        read_file(photo)
    return 1000 * (time.perf_counter() - began) / 20


if __name__ == "__main__":
    main()
