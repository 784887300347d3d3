"""The service beside its peers and its ceilings, in one run: `make bench`.

All are measured in turns of a few seconds, round after round, so that whatever else the machine does disturbs all of
them alike; ratios are taken between neighbours.
"""

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Final

from tests.benchmarks.ceilings import BUCKETS, best_threads, session_run, without_http
from tests.benchmarks.closed_loop import run_wrk
from tests.benchmarks.machine import describe_run
from tests.benchmarks.open_loop import run_open_loop
from tests.benchmarks.options import ChosenFormat, chosen_options
from tests.benchmarks.servers import COMPARED, COMPARED_QUICKLY, OURS, PEERS, PLAIN, Kind, Server, ask, serving
from tests.benchmarks.steps import Steps


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured."""

    kinds: tuple[Kind, ...]
    in_open_loop: tuple[Kind, ...]
    rounds: int
    seconds: int
    """Of one closed-loop run."""
    clients: tuple[int, ...]
    open_seconds: float
    percents: tuple[int, ...]
    """Of each server's own capacity, for the open loop; ascending, for what is too much comes last."""
    grace: float
    """Seconds that answers may come late."""


FULL: Final = Plan(COMPARED, (OURS, *PEERS, PLAIN), 5, 5, (1, 2, 4, 8, 16, 32, 64), 8, (50, 80, 100, 150, 400), 5)
QUICK: Final = Plan(COMPARED_QUICKLY, COMPARED_QUICKLY, 5, 2, (1, 2, 8, 32), 3, (50,), 2)
"""Of four minutes."""
BUCKET_SECONDS: Final = 1.5
CHECKED: Final = 8
"""Photos whose masks are compared before each round."""

Results = dict[str, Any]


def main() -> None:
    """Measures all there is to compare and writes it to compare.json."""
    with chosen_options(__doc__) as chosen:
        plan = QUICK if chosen.is_quick else FULL
        steps = Steps(chosen.setup.model, chosen.setup.provider)
        threads = best_threads(steps, chosen.photos)
        results: Results = {
            **describe_run(chosen, "make bench"),
            "rounds": plan.rounds,
            "threads": threads,
            "session_run": _nested(),
            "without_http": defaultdict(list),
            "closed": _nested(),
        }
        for number in range(plan.rounds):
            print(f"round {number + 1} of {plan.rounds}", flush=True)
            _round(chosen, plan, steps, threads, results)
        results["capacity"] = {name: _capacity(points) for name, points in results["closed"].items()}
        results["open"] = {kind.name: _open_loops(chosen, plan, kind, results) for kind in plan.in_open_loop}
        (chosen.out / "compare.json").write_text(json.dumps(results, indent=1))


def _nested() -> dict[str, dict[str, list[Any]]]:
    return defaultdict(lambda: defaultdict(list))


def _round(chosen: ChosenFormat, plan: Plan, steps: Steps, threads: int, results: Results) -> None:
    for batch in BUCKETS if plan is FULL else BUCKETS[:1]:
        results["session_run"][str(batch)]["rounds"].append(asdict(session_run(steps, batch, BUCKET_SECONDS)))
    together = [kind for kind in plan.kinds if not kind.is_busy_when_idle]
    alone = [[kind] for kind in plan.kinds if kind.is_busy_when_idle]
    for group in (together, *alone):
        with serving(group, chosen.setup, chosen.photos[0]) as servers:
            _check_masks(servers.values(), steps, chosen.photos)
            for clients in plan.clients:
                if OURS in group:
                    rate = without_http(steps, chosen.photos, threads, plan.seconds)
                    results["without_http"][str(clients)].append(rate)
                for name, server in servers.items():
                    point = run_wrk(server, clients, chosen.photo_files, plan.seconds)
                    results["closed"][name][str(clients)].append(asdict(point))
                    print(f"{name}, {clients} clients: {point.photos_per_second:.1f} photos/s", flush=True)


def _check_masks(servers: Iterable[Server], steps: Steps, photos: list[bytes]) -> None:
    """All serve the same: each mask is, byte for byte, that of the plain steps."""
    some = photos[:CHECKED]
    masks = steps.parse(some)
    for server in servers:
        for photo, mask in zip(some, masks, strict=True):
            if not server.kind.has_other_masks and ask(server, photo).content != mask:
                raise SystemExit(f"{server.kind.name} answers with another mask than the plain steps.")


def _capacity(points: dict[str, list[dict[str, float]]]) -> float:
    """Photos per second at the best number of clients."""
    return max(median(point["photos_per_second"] for point in rounds) for rounds in points.values())


def _open_loops(chosen: ChosenFormat, plan: Plan, kind: Kind, results: Results) -> dict[str, Any]:
    outcomes = {}
    with serving([kind], chosen.setup, chosen.photos[0]) as servers:
        for percent in plan.percents:
            rate = percent / 100 * results["capacity"][kind.name]
            point = run_open_loop(servers[kind.name], chosen.photos, rate, plan.open_seconds, plan.grace)
            outcomes[str(percent)] = asdict(point)
            print(f"{kind.name} at {percent} %: {point.goodput_per_second:.1f} photos/s", flush=True)
            time.sleep(1)  # what is left of work for clients that have gone
    return outcomes


if __name__ == "__main__":
    main()
