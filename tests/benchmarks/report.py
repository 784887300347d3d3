"""Renders docs/benchmarks.md from what the last runs measured: `make bench-report`."""

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.benchmarks.ratios import paired

Results = dict[str, Any]

OURS: Final = "jppnet"

INTRODUCTION: Final = """\
# Benchmarks

How fast the service is beside its peers and beside what the machine can do at all, and how it behaves when there is too
much to do. This page is written by `make bench-report` from the results of the other commands.

```sh
apt-get install wrk      # the load generator
make bench               # peers and ceilings, side by side: 40 minutes
make bench-overload      # four times what it can do, for a minute: 3 minutes
make bench-soak          # an hour of photos of all sizes, 30 % of the clients hanging up; REQUESTS=… for less
make bench-report        # this page, from all results in runs/bench/
```

On a host with an NVIDIA GPU the same commands with `PROVIDER=cuda`. `MODEL=file.onnx` takes another model,
`PHOTOS=folder` the first 96 JPEG files of a folder in place of views of `export/astronaut.jpg`, `QUICK=1` four minutes
with the endpoints written by hand alone. Nothing else should run on the machine meanwhile.
"""

METHOD: Final = """\
## How it is measured

- All servers get the same model file, that of 8 bits on a CPU. jppnet is asked with `people=one`: the peers have no
  detector and look for one person. `share_runs` is off for it; `jppnet, runs shared` has it on, as it is by default,
  and `jppnet, people=auto` looks for everybody.
- The peers call the same functions of `service/imaging` to decode, fit and encode, and before each round masks are
  compared, byte for byte, with what the plain steps give. Each is set up as its users would to get the most out of it
  (`tests/benchmarks/peers/`): ONNX Runtime with one thread within a run and as many runs side by side as there are
  cores, access logs off, uvloop where the server can use it. `FastAPI` is the endpoint one writes by hand, with the
  work in FastAPI's thread pool, and all that it could take from the service. `FastAPI, as one writes it` has none of
  that: OpenCV's decoder and PNG, masks of nearest neighbours, ONNX Runtime as it comes. Its masks are not compared.
- 96 JPEG files of about 550×830 pixels and 60–70 kB, one after the other, sent as raw bodies over loopback. Each
  request carries another number in a comment, so that no answer can come from memory, and no two share a run.
- Closed loop: `wrk` with one thread; each client sends its next photo when it has its answer. The first 20 % of a run
  are not counted. Servers take turns of a few seconds, and so do the plain steps; ratios are taken within a round, the
  tables give the median of the rounds and, for ratios, the least and largest. Ray Serve, which computes even when
  nobody asks, runs by itself, right after the others.
- Open loop: photos come evenly spaced at a given part of the server's own capacity (its best closed-loop throughput),
  whether earlier ones are answered or not. Latency counts from when a photo was due. Goodput is what is answered with
  200 while photos come.
- The load generators run on the same cores as the servers; what they take is in the tables.
- The ceiling without HTTP: threads that take photo after photo through the same steps, with no server around them.
"""


def render(folders: Iterable[Path]) -> str:
    """The page, from folders that each hold one model's results on one provider."""
    sections = [section for folder in sorted(folders) for section in _model(folder)]
    if not sections:
        raise SystemExit("There are no results: run `make bench` first.")
    return "\n".join([INTRODUCTION, *sections, METHOD])


def _model(folder: Path) -> list[str]:
    results = {file.stem: json.loads(file.read_text()) for file in folder.glob("*.json")}
    parts = (("compare", _compare), ("overload", _overload), ("soak", _soak))
    texts = [render_part(results[name]) for name, render_part in parts if name in results]
    if not texts:
        return []
    first = next(results[name] for name, _ in parts if name in results)
    return [_heading(first), *texts]


def _heading(results: Results) -> str:
    machine = results["machine"]
    lines = [f"## {results['model']} on {machine.get('GPU') or machine['CPU']}", ""]
    lines += [f"- {name}: {value}" for name, value in machine.items()]
    return "\n".join([*lines, ""])


def _command(results: Results) -> str:
    note = "\n\n**A quick look: too short for figures to quote.**" if results["is_quick"] else ""
    return f"`{results['command']}`, {results['date']}.{note}\n"


def _compare(results: Results) -> str:
    closed, open_loop = results["closed"], results["open"]
    clients = list(next(iter(closed.values())))
    return "\n".join(
        [
            _command(results),
            "### What the machine can do\n",
            _ceilings(results),
            "### Photos a second, by clients\n",
            _table(["", *clients], _throughput_rows(results, clients)),
            f"`wrk` itself took at most {_most_wrk(closed):.2f} cores.{_failures(closed)}\n",
            "### jppnet's throughput over the others', paired\n",
            _table(["", *clients], _ratio_rows(results, clients)),
            "### Latency in the closed loop: p50 / p99, ms\n",
            _table(["", *clients], _latency_rows(closed, clients)),
            "### Open loop\n",
            _table(
                ["", "load", "sent / s", "goodput / s", "p50 ms", "p99 ms", "refused", "other answers", "no answer"],
                (_open_row(name, percent, point) for name in open_loop for percent, point in open_loop[name].items()),
            ),
            f"Refused: 503 or 504, a problem with `Retry-After`. The load generator took at most "
            f"{_most_generator(open_loop):.2f} cores.\n",
            _at_half_load(results),
        ]
    )


def _ceilings(results: Results) -> str:
    def row(batch: str) -> list[str]:
        rounds = results["session_run"][batch]["rounds"]
        return [
            batch,
            f"{_median(rounds, 'images_per_second'):.1f}",
            f"{_median(rounds, 'p50_ms'):.1f} / {_median(rounds, 'p99_ms'):.1f}",
        ]

    raw = _table(["batch", "`session.run`, images / s", "p50 / p99 of a run, ms"], map(row, results["session_run"]))
    rates = [rate for rounds in results["without_http"].values() for rate in rounds]
    return f"{raw}\nAll steps without HTTP, {results['threads']} threads: {median(rates):.1f} photos/s.\n"


def _throughput_rows(results: Results, clients: Sequence[str]) -> Iterable[list[str]]:
    yield ["no HTTP", *(f"{median(results['without_http'][count]):.1f}" for count in clients)]
    for name, points in results["closed"].items():
        yield [name, *(f"{_median(points[count], 'photos_per_second'):.1f}" for count in clients)]


def _ratio_rows(results: Results, clients: Sequence[str]) -> Iterable[list[str]]:
    def rates(name: str, count: str) -> list[float]:
        return [point["photos_per_second"] for point in results["closed"][name][count]]

    def over(name: str) -> Iterable[str]:
        return (str(paired(rates(OURS, count), rates(name, count))) for count in clients)

    yield ["no HTTP", *(str(paired(rates(OURS, count), results["without_http"][count])) for count in clients)]
    yield from ([name, *over(name)] for name in results["closed"] if name != OURS)


def _latency_rows(closed: Results, clients: Sequence[str]) -> Iterable[list[str]]:
    for name, points in closed.items():
        yield [
            name,
            *(f"{_median(points[count], 'p50_ms'):.0f} / {_median(points[count], 'p99_ms'):.0f}" for count in clients),
        ]


def _open_row(name: str, percent: str, point: Results) -> list[str]:
    return [
        name,
        f"{percent} %",
        f"{point['offered_per_second']:.1f}",
        f"{point['goodput_per_second']:.1f}",
        _milliseconds(point["p50_ms"]),
        _milliseconds(point["p99_ms"]),
        *(str(point[what]) for what in ("refused", "improper", "unanswered")),
    ]


def _at_half_load(results: Results) -> str:
    """The figure that users feel: what a machine that is half busy adds to a single photo's time."""
    at_half, alone = results["open"][OURS].get("50"), results["closed"][OURS].get("1")
    if at_half is None or alone is None or at_half["p99_ms"] is None:
        return ""
    times = at_half["p99_ms"] / _median(alone, "p50_ms")
    return f"At half load, jppnet's p99 is {times:.1f} times the p50 of a single client.\n"


def _failures(closed: Results) -> str:
    failed = {
        name: sum(point["failures"] for rounds in points.values() for point in rounds)
        for name, points in closed.items()
    }
    if not any(failed.values()):
        return " Every answer was 200."
    return " Not answered with 200: " + ", ".join(f"{name} {count}" for name, count in failed.items() if count) + "."


def _most_wrk(closed: Results) -> float:
    return max(
        float(point["wrk_cores"]) for points in closed.values() for rounds in points.values() for point in rounds
    )


def _most_generator(open_loop: Results) -> float:
    return max(float(point["generator_cores"]) for points in open_loop.values() for point in points.values())


def _overload(results: Results) -> str:
    before, during, after = results["before"], results["during"], results["after"]
    share = during["goodput_per_second"] / results["capacity"]
    growth = results["memory_after"] / results["memory_before"] - 1
    return "\n".join(
        [
            "### Four times as much as it can do\n",
            _command(results),
            f"Capacity {results['capacity']:.1f} photos/s; {during['offered_per_second']:.1f} a second for "
            f"{results['seconds']:g} s, {during['sent']} in all: {during['answered']} answered with 200, "
            f"{during['refused']} refused with 503 or 504, a problem and `Retry-After`, {during['improper']} other "
            f"answers, {during['unanswered']} without an answer. "
            f"Goodput {during['goodput_per_second']:.1f} photos/s, {100 * share:.0f} % of capacity; "
            f"p99 of the photos answered {_milliseconds(during['p99_ms'])} ms. "
            f"The load generator took {during['generator_cores']:.2f} cores.\n",
            f"At half load, p50 / p99 before: {_milliseconds(before['p50_ms'])} / "
            f"{_milliseconds(before['p99_ms'])} ms; from {results['pause']:g} s after the last answer on: "
            f"{_milliseconds(after['p50_ms'])} / {_milliseconds(after['p99_ms'])} ms. Resident memory "
            f"{_megabytes(results['memory_before'])} before, {_megabytes(results['memory_after'])} after "
            f"({100 * growth:+.1f} %).\n",
        ]
    )


def _soak(results: Results) -> str:
    memory, counts = results["memory"], results["counts"]
    lines = [
        "### An hour of photos of all sizes, and clients that hang up\n",
        _command(results),
        f"{results['requests']:,} requests in {results['seconds'] / 60:.0f} minutes from {results['clients']} clients: "
        + ", ".join(f"{count:,} {what}" for what, count in sorted(counts.items(), key=lambda item: -item[1]))
        + f". Resident memory once warm {_megabytes(memory['warm'])}, at the end {_megabytes(memory['end'])} "
        f"({100 * memory['growth']:+.1f} %), at most {_megabytes(memory['peak'])}.",
    ]
    if results["under_way_at_the_end"] is not None:
        lines.append(f"Photos still under way 2 s after the end: {results['under_way_at_the_end']:g}.")
    if results["photos_run"] is not None:
        wasted = results["photos_run"] - counts.get("answered", 0)
        lines.append(
            f"The model ran on {results['photos_run']:,.0f} photos, {wasted:,.0f} more than were answered: those whose "
            "clients hung up when their run had begun."
        )
    return "\n".join([*lines, ""])


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    ruler = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ruler, *rows)) + "\n"


def _median(points: Sequence[Results], what: str) -> float:
    return float(median(point[what] for point in points))


def _milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.0f} MB"


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(render(Path(sys.argv[1]).iterdir()))
