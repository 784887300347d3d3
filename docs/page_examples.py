"""Make the page's examples: ``python -m docs.page_examples RENDERED``.

RENDERED is a folder that ``python -m training.synthesize --count 40 --seed 7`` wrote. The portrait is NASA's
(``export/astronaut.jpg``), the group the README's (``docs/images/group-photo.jpg``).
"""

import argparse
import shutil
from pathlib import Path
from typing import Final

import cv2
import numpy as np

ROOT: Final = Path(__file__).parents[1]
EXAMPLES: Final = ROOT / "service" / "web" / "examples"
COPIED: Final = {
    "portrait": ROOT / "export" / "astronaut.jpg",
    "group": ROOT / "docs" / "images" / "group-photo.jpg",
}
RENDERED: Final = {
    "full-body": "rendered-7-000011",
    "coat": "rendered-7-000033",
    "dress": "rendered-7-000006",
    "seated": "rendered-7-000024",
}
LARGEST: Final = 100_000
"""Bytes of an example."""
QUALITIES: Final = range(92, 50, -4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rendered", type=Path)
    folder: Path = parser.parse_args().rendered
    EXAMPLES.mkdir(exist_ok=True)
    for name, file in COPIED.items():
        shutil.copyfile(file, EXAMPLES / f"{name}.jpg")
    for name, picture in RENDERED.items():
        (EXAMPLES / f"{name}.jpg").write_bytes(small_file(folder / "images" / f"{picture}.jpg"))


def small_file(file: Path) -> bytes:
    """A picture's file as it is if it is small enough, else at the best quality at which it is."""
    if file.stat().st_size <= LARGEST:
        return file.read_bytes()
    picture = cv2.imread(str(file))
    if picture is None:
        raise SystemExit(f"There is no picture {file}.")
    encoded = (cv2.imencode(".jpg", picture, (cv2.IMWRITE_JPEG_QUALITY, quality))[1] for quality in QUALITIES)
    return next(np.asarray(one).tobytes() for one in encoded if len(one) <= LARGEST)


if __name__ == "__main__":
    main()
