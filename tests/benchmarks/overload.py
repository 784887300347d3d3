"""Four times as many photos as the service can answer, for a minute: `make bench-overload`."""

import json
import time
from dataclasses import asdict
from typing import Final

from tests.benchmarks.closed_loop import run_wrk
from tests.benchmarks.machine import describe_run
from tests.benchmarks.open_loop import run_open_loop
from tests.benchmarks.options import chosen_options
from tests.benchmarks.servers import OURS, serving

OVERLOAD: Final = 4
SECONDS: Final = 60
QUICK_SECONDS: Final = 10
CLIENTS: Final = 8
"""Enough to keep every core busy without a queue to speak of."""
CAPACITY_SECONDS: Final = 10
CALM: Final = 0.5
"""The part of its capacity at which the service's latency is looked at, before and after."""
CALM_SECONDS: Final = 4
GRACE: Final = 35
"""Seconds that answers may take: more than the service itself allows."""
BACK_TO_NORMAL: Final = 2
"""Seconds after the last answer by which latency must be what it was."""


def main() -> None:
    """Measures before, during and after, and writes it to overload.json."""
    with chosen_options(__doc__) as chosen, serving([OURS], chosen.setup, chosen.photos[0]) as servers:
        server = servers[OURS.name]
        capacity = run_wrk(server, CLIENTS, chosen.photo_files, CAPACITY_SECONDS).photos_per_second
        calm = capacity * CALM
        before = run_open_loop(server, chosen.photos, calm, CALM_SECONDS, GRACE)
        # A first minute brings the memory to where it stays; the second is the one that is looked at.
        seconds = QUICK_SECONDS if chosen.is_quick else SECONDS
        run_open_loop(server, chosen.photos, OVERLOAD * capacity, seconds / 4, GRACE)
        memory_before = server.resident_bytes()
        during = run_open_loop(server, chosen.photos, OVERLOAD * capacity, seconds, GRACE)
        time.sleep(BACK_TO_NORMAL)
        after = run_open_loop(server, chosen.photos, calm, CALM_SECONDS, GRACE)
        result = {
            **describe_run(chosen, "make bench-overload"),
            "pause": BACK_TO_NORMAL,
            "seconds": seconds,
            "capacity": capacity,
            "before": asdict(before),
            "during": asdict(during),
            "after": asdict(after),
            "memory_before": memory_before,
            "memory_after": server.resident_bytes(),
        }
        (chosen.out / "overload.json").write_text(json.dumps(result, indent=1))
        print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
