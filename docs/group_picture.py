"""Make the README's picture of a group: ``python -m docs.group_picture``.

``docs/images/group-photo.jpg`` is a group of rendered people, ``docs/images/group.jpg`` the same with what the service
answers with its default model and detector: the photo, whose each pixel is, and the overlay of ``/analyze``.

With ``--people FOLDER NAME …`` the photo is made anew, too: from these pictures of a folder that
``training.synthesize`` wrote, the people are cut out by their labels and stood side by side before a wall.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.api.request.answer_options import DEFAULT
from service.api.response.pictures import draw_everything
from service.engine.engine import Engine
from service.engine.photo.analysis import Analysis
from service.imaging.skeleton import bone_colors
from service.settings import Settings

IMAGES: Final = Path(__file__).parent / "images"
PHOTO: Final = IMAGES / "group-photo.jpg"
PICTURE: Final = IMAGES / "group.jpg"
WIDTH, HEIGHT = 960, 640
"""Of the photo."""
RIM: Final = 0.13
"""From the photo's sides to the middle of the outermost people, as a share of its width."""
SCALE: Final = 0.5
"""Of each panel beside the photo's size."""
QUALITY: Final = (cv2.IMWRITE_JPEG_QUALITY, 90)

Image = npt.NDArray[np.uint8]
"""A picture (height, width, 3), RGB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", nargs="+", metavar=("FOLDER", "NAME"), help="rendered people to make the photo of")
    arguments = parser.parse_args()
    if arguments.people:
        folder, *names = arguments.people
        PHOTO.write_bytes(encode(compose(Path(folder), names)))
    PICTURE.write_bytes(encode(draw(PHOTO.read_bytes())))
    print(PICTURE)


def compose(folder: Path, names: Sequence[str]) -> Image:
    """Rendered people side by side before a wall, those named last in front."""
    photo = _wall()
    middles = np.linspace(RIM * WIDTH, (1 - RIM) * WIDTH, len(names))
    for index, (name, middle) in enumerate(zip(names, middles, strict=True)):
        image, inside = _cut_out(folder, name)
        height = round(HEIGHT * (0.86 - 0.07 * (index % 2)))
        width = round(image.shape[1] * height / image.shape[0])
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        inside = np.asarray(cv2.resize(inside, (width, height), interpolation=cv2.INTER_AREA), np.float32)
        left, top = round(middle - width / 2), HEIGHT - height - 12
        first, last = max(0, -left), min(width, WIDTH - left)
        place = photo[top : top + height, left + first : left + last]
        share = inside[:, first:last, None]
        place[:] = (share * image[:, first:last] + (1 - share) * place).astype(np.uint8)
    return photo


def _wall() -> Image:
    """A wall that is darker towards its rim, and a floor."""
    rows, columns = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    light = 1 - 0.16 * (rows**2 + columns**2)
    wall = light[..., None] * np.array([201, 197, 189])
    wall[round(HEIGHT * 0.84) :] *= np.array([0.78, 0.77, 0.76])
    return np.asarray(wall, np.uint8)


def _cut_out(folder: Path, name: str) -> tuple[Image, npt.NDArray[np.float32]]:
    """The main person of a rendered picture, and how much of each pixel is that person (0–1), around the person."""
    image = cv2.imread(str(folder / "images" / f"{name}.jpg"), cv2.IMREAD_COLOR_RGB)
    labels = cv2.imread(str(folder / "labels" / f"{name}.png"), cv2.IMREAD_UNCHANGED)
    if image is None or labels is None:
        raise SystemExit(f"There is no picture {name} with labels in {folder}.")
    inside = ((labels > 0) & (labels < 255)).astype(np.uint8)
    x, y, width, height = cv2.boundingRect(inside)
    area = slice(y, y + height), slice(x, x + width)
    return np.asarray(image[area], np.uint8), inside[area].astype(np.float32)


def draw(photo: bytes) -> Image:
    """A photo, whose each pixel is, and mask and skeletons over the photo, beside each other."""
    settings = Settings(provider="cpu", lanes=1, threads=1, max_batch=1)
    if settings.detector is None:
        raise SystemExit("There is no detector: service/models/ has none.")
    engine = Engine.start(settings)
    try:
        panels = engine.analyze_here(photo, _panels)
    finally:
        engine.close()
    small = [cv2.resize(panel, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_AREA) for panel in panels]
    return np.asarray(np.hstack(small), np.uint8)


def _panels(analysis: Analysis) -> list[Image]:
    colors = np.array([(0, 0, 0), *bone_colors(len(analysis.people))], np.uint8)
    return [analysis.photo, colors[analysis.instances], draw_everything(analysis, DEFAULT, analysis.photo)]


def encode(picture: Image) -> bytes:
    """A picture as a JPEG file."""
    return cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), QUALITY)[1].tobytes()


if __name__ == "__main__":
    main()
