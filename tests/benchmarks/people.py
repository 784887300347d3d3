"""What everybody in a photo costs, beside one person in it: ``python -m tests.benchmarks.people --photos FOLDER``.

By ``people=auto`` over ``people=one``, in turns, so that whatever else the machine does disturbs both alike:

- one client's time per photo, through HTTP. Of the folder, those photos count on which one person is found; without a
  folder, views of the astronaut. Answers are checked.
- a group's time over that of the detector and of so many runs of the model (the README's, of five rendered people)
- CPU time of one core per photo in one process, without second pass

and the memory that the detector adds to a process.
"""

import argparse
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

import httpx

from docs.group_picture import PHOTO as GROUP
from service.api.response.json import analyze_json
from service.engine.engine import Engine
from service.engine.photo.people import PeopleOption
from service.settings import Settings
from tests.benchmarks.photos import PORTRAIT, numbered, street_photos
from tests.benchmarks.ratios import paired

ROUNDS: Final = 15
START_SECONDS: Final = 180
SHIPPED: Final = Path(__file__).parents[2] / "service" / "models" / "jppnet-lite.onnx"
COMMON: Final = {"provider": "cpu", "lanes": 1, "threads": 1, "max_batch": 1, "isolate_decoding": False}
RESIDENT: Final = f"""
import re, sys
from pathlib import Path
from service.engine.engine import Engine
from service.settings import Settings
engine = Engine.start(Settings(**{COMMON}))
engine.analyze_here(Path(sys.argv[1]).read_bytes(), lambda analysis: analysis.mask)
print(re.search(r"VmRSS:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1], engine.detector is not None)
engine.close()
"""
"""Prints the memory, in KiB, of a process that started an engine and answered one photo, and whether it has a
detector."""


def cpu_milliseconds(engine: Engine, photo: bytes, people: PeopleOption) -> float:
    """The CPU time of one answer in JSON."""
    began = time.process_time()
    engine.analyze_here(photo, analyze_json, people)
    return 1000 * (time.process_time() - began)


def memory_mb(has_detector: bool) -> float:
    """The memory of a process that answered one photo, in MB, with the shipped detector or without any."""
    environment = {name: value for name, value in os.environ.items() if name != "JPPNET_DETECTOR"}
    if not has_detector:
        environment["JPPNET_DETECTOR"] = ""
    command = [sys.executable, "-c", RESIDENT, str(PORTRAIT)]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    kib, found = said.split()
    assert (found == "True") is has_detector
    return int(kib) * 1024 / 1e6


@contextmanager
def serving(model: Path) -> Iterator[str]:
    """A server of its own process, by its URL, once it answers."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    command = [sys.executable, "-m", "service.cli", "serve", "--port", str(port)]
    environment = {**os.environ, "JPPNET_MODEL": str(model), "JPPNET_PROVIDER": "cpu"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process)
            yield url
        finally:
            process.terminate()


def _wait_until_ready(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{url}/model").status_code == 200:
                return
        time.sleep(0.2)
    raise SystemExit("The server did not start.")


class Timed(NamedTuple):
    """An answer, the milliseconds that the client waited for it, and those of the service's stages."""

    answer: Any
    waited: float
    stages: dict[str, float]


class TimedClient:
    """One client, one connection, and no photo twice."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=60, headers={"Accept": "application/json"})
        self._asked = 0

    def ask(self, call: str, photo: bytes, people: PeopleOption) -> Timed:
        """Sends one photo, and waits for the answer."""
        self._asked += 1
        began = time.perf_counter()
        response = self._client.post(call, params={"people": people}, content=numbered(photo, self._asked))
        waited = 1000 * (time.perf_counter() - began)
        stages = re.findall(r"(\w+);dur=([\d.]+)", response.raise_for_status().headers["Server-Timing"])
        return Timed(response.json(), waited, {name: float(milliseconds) for name, milliseconds in stages})

    def in_turns(self, call: str, photo: bytes, rounds: int) -> tuple[list[Timed], list[Timed]]:
        """Everybody's answers and one person's, so many of each."""
        everybody: list[Timed] = []
        one: list[Timed] = []
        for number in range(rounds):
            for people, answers in (("auto", everybody), ("one", one))[:: 1 if number % 2 else -1]:
                answers.append(self.ask(call, photo, people))  # type: ignore[arg-type]
        return everybody, one


def _wait(answers: list[Timed]) -> float:
    return median(answer.waited for answer in answers)


def measure_one_client(client: TimedClient, photos: list[bytes]) -> None:
    """Prints what one client waits for photos of one person, and for a group."""
    filled = [photo for photo in photos if len(client.ask("/pose", photo, "auto").answer["people"]) == 1]
    for call in ("/pose", "/parse", "/analyze"):
        pairs = [client.in_turns(call, photo, ROUNDS) for photo in filled]
        assert all(len(answer.answer["people"]) == 1 for everybody, _ in pairs for answer in everybody)
        auto_waits, one_waits = ([_wait(pair[which]) for pair in pairs] for which in (0, 1))
        ratio = median(auto_waits) / median(one_waits)
        print(
            f"{call}, {len(filled)} of {len(photos)} photos, one person in each: median wait, auto over one "
            f"× {ratio:.2f}; by photo × {paired(auto_waits, one_waits)}; {median(one_waits):.1f} ms for one"
        )
    groups, alone = client.in_turns("/pose", GROUP.read_bytes(), ROUNDS)
    count = len(groups[0].answer["people"])
    parts = median(
        group.stages["detect"] + count * single.stages["device"] for group, single in zip(groups, alone, strict=True)
    )
    print(f"group of {count}: × {_wait(groups) / parts:.2f} of the detector and {count} runs, {parts:.1f} ms")


def measure_cpu() -> None:
    """Prints what everybody costs in CPU time."""
    engine = Engine.start(Settings.model_validate({**COMMON, "closer_look": False}))
    if engine.detector is None:
        raise SystemExit("There is no detector.")
    for name, photo in (("street photo of one person", street_photos(None)[0]), ("group of five", GROUP.read_bytes())):
        everybody: list[float] = []
        one: list[float] = []
        for number in range(2 * ROUNDS):
            fresh = numbered(photo, number)
            for people, times in (("auto", everybody), ("one", one))[:: 1 if number % 2 else -1]:
                times.append(cpu_milliseconds(engine, fresh, people))  # type: ignore[arg-type]
        print(f"CPU time, {name}: auto over one × {paired(everybody, one)}; {median(one):.1f} ms for one")
    engine.close()


def main() -> None:
    """Prints ratios and memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photos", type=Path, help="folder of JPEG files; without it, views of the astronaut")
    parser.add_argument("--model", type=Path, default=SHIPPED)
    given = parser.parse_args()
    photos = street_photos(given.photos)
    with serving(given.model) as url:
        measure_one_client(TimedClient(url), photos)
    measure_cpu()
    with_it, without = (median(memory_mb(has_detector) for _ in range(3)) for has_detector in (True, False))
    print(f"memory: {with_it:.0f} MB with the detector, {without:.0f} MB without")


if __name__ == "__main__":
    main()
