"""What everybody in a photo costs, beside one person in it: ``python -m tests.benchmarks.people``.

CPU time of one core per photo, by ``people=auto`` over ``people=one`` (without its second pass), in one process and in
turns, so that whatever else the machine does disturbs both alike; and the memory that the detector adds to a process.
The group is the README's, of five rendered people; the street photo is a single person's.
"""

import os
import subprocess
import sys
import time
from statistics import median
from typing import Final

from docs.group_picture import PHOTO as GROUP
from service.api.response.json import analyze_json
from service.engine.engine import Engine
from service.engine.photo.people import PeopleOption
from service.settings import Settings
from tests.benchmarks.photos import PORTRAIT, numbered, street_photos
from tests.benchmarks.ratios import paired

ROUNDS: Final = 15
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
    command = [sys.executable, "-c", RESIDENT, PORTRAIT]
    said = subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout
    kib, found = said.split()
    assert (found == "True") is has_detector
    return int(kib) * 1024 / 1e6


def main() -> None:
    """Prints ratios and memory."""
    engine = Engine.start(Settings.model_validate({**COMMON, "closer_look": False}))
    if engine.detector is None:
        raise SystemExit("There is no detector.")
    for name, photo in (("street photo of one person", street_photos(None)[0]), ("group of five", GROUP.read_bytes())):
        everybody, one = [], []
        for number in range(2 * ROUNDS):
            fresh = numbered(photo, number)
            for people, times in (("auto", everybody), ("one", one))[:: 1 if number % 2 else -1]:
                times.append(cpu_milliseconds(engine, fresh, people))  # type: ignore[arg-type]
        print(f"{name}: auto over one × {paired(everybody, one)}; {median(one):.1f} ms for one")
    engine.close()
    with_it, without = (median(memory_mb(has_detector) for _ in range(3)) for has_detector in (True, False))
    print(f"memory: {with_it:.0f} MB with the detector, {without:.0f} MB without")


if __name__ == "__main__":
    main()
