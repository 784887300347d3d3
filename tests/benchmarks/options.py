"""What can be chosen on the command line, for all the benchmarks alike."""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from service.engine.model.session import suited_file
from tests.benchmarks.photos import street_photos
from tests.benchmarks.servers import ROOT, Setup

SHIPPED: Final = ROOT / "service" / "models" / "jppnet-lite.onnx"


@dataclass(frozen=True, slots=True)
class ChosenFormat:
    """The choices, and what follows from them."""

    setup: Setup
    out: Path
    """Folder of this model's results on this provider."""
    photos: list[bytes]
    photo_files: list[Path]
    has_own_photos: bool
    is_quick: bool
    requests: int


@contextmanager
def chosen_options(description: str | None) -> Iterator[ChosenFormat]:
    """Reads the command line; the photos' files last as long as the context."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", type=Path, default=SHIPPED)
    parser.add_argument("--provider", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--photos", type=Path, help="folder of JPEG files; without it, views of the astronaut")
    parser.add_argument("--service-bin", type=Path, required=True, help="folder with the command jppnet")
    parser.add_argument(
        "--out",
        type=Path,
        default=ROOT / "runs" / "bench",
        help="folder for results and logs, a folder in it for each model",
    )
    parser.add_argument("--quick", action="store_true", help="shorter, for a look; not for figures to publish")
    parser.add_argument("--requests", type=int, default=100_000, help="at most so many, in the soak")
    given = parser.parse_args()
    if shutil.which("wrk") is None:
        raise SystemExit("The load generator wrk is missing: apt-get install wrk.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end with this process
    out = (given.out / f"{given.model.stem}-{given.provider}").resolve()
    out.mkdir(parents=True, exist_ok=True)
    photos = street_photos(given.photos)
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder) / given.model.name
        alone.symlink_to(suited_file(given.model, given.provider).resolve())
        setup = Setup(alone, given.provider, given.service_bin.resolve(), out)
        files = [Path(folder) / f"{number}.jpg" for number in range(len(photos))]
        for file, photo in zip(files, photos, strict=True):
            file.write_bytes(photo)
        yield ChosenFormat(setup, out, photos, files, given.photos is not None, given.quick, given.requests)
