"""Make the pictures of answers and of the page that the README shows: ``python -m docs.pictures``.

``docs/images/astronaut.jpg``: NASA's portrait, its mask, the mask over the photo, and the joints, as the service
answers with its default model. ``docs/images/group.jpg``: see :mod:`docs.group_picture`. ``docs/images/page.jpg``: the
page with a group, one of whom is chosen, in Debian's Chromium (``apt-get install chromium``, and the extra ``dev``).

``docs/images/pictures.json`` says with which model and detector they were made, and how large they are; a test compares
that with what is shipped. Run this again after new weights, or when the page has changed.
"""

import json
import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from docs.group_picture import IMAGES, PHOTO, PICTURE, draw, encode
from service.api.request.answer_options import DEFAULT
from service.api.response.pictures import draw_overlay, draw_pose
from service.engine.engine import Engine
from service.engine.photo.analysis import Analysis
from service.server import Server
from service.settings import Settings

PORTRAIT: Final = Path(__file__).parents[1] / "export" / "astronaut.jpg"
ANSWERS: Final = IMAGES / "astronaut.jpg"
PAGE: Final = IMAGES / "page.jpg"
RECORD: Final = IMAGES / "pictures.json"
WINDOW: Final = (1280, 880)
"""Of the browser: width and height."""
PATIENCE: Final = 120_000
"""Milliseconds that the page may take for anything."""

Image = npt.NDArray[np.uint8]
"""A picture (height, width, 3), RGB."""


def main() -> None:
    settings = Settings(provider="cpu", lanes=1, threads=1, max_batch=1)
    engine = Engine.start(settings)
    detector = engine.detector
    versions = {
        "model": f"{engine.card.name} {engine.card.version}",
        "detector": f"{detector.name} {detector.version}" if detector else "",
    }
    ANSWERS.write_bytes(encode(draw_answers(engine)))
    photograph_page(engine, settings, PAGE)  # which closes the engine
    PICTURE.write_bytes(encode(draw(PHOTO.read_bytes())))
    sizes = {file.name: list(size_of(file)) for file in (ANSWERS, PICTURE, PAGE)}
    RECORD.write_text(json.dumps({**versions, "sizes": sizes}, indent=2) + "\n")


def draw_answers(engine: Engine) -> Image:
    """The portrait, its mask, the mask over it, and the joints, beside each other."""
    return np.asarray(np.hstack(engine.analyze_here(PORTRAIT.read_bytes(), _panels)), np.uint8)


def _panels(analysis: Analysis) -> list[Image]:
    mask = np.array(analysis.card.palette, np.uint8)[analysis.mask]
    photo = analysis.photo
    return [photo, mask, draw_overlay(analysis, DEFAULT, photo), draw_pose(analysis, DEFAULT, photo)]


def size_of(file: Path) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    picture = cv2.imread(str(file))
    if picture is None:
        raise SystemExit(f"There is no picture {file}.")
    return picture.shape[1], picture.shape[0]


def photograph_page(engine: Engine, settings: Settings, file: Path) -> None:
    """Writes a picture of the page, as a server of its own shows it."""
    from playwright.sync_api import sync_playwright

    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("There is no chromium: apt-get install chromium.")
    with _serving(engine, settings) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium)
        width, height = WINDOW
        page = browser.new_page(viewport={"width": width, "height": height}, reduced_motion="reduce")
        page.set_default_timeout(PATIENCE)
        page.goto(f"{url}/#example=group")
        page.wait_for_selector("main[data-state=done]")
        page.get_by_role("radio", name="Person 1").check()
        page.screenshot(path=file, type="jpeg", quality=85)
        browser.close()


@contextmanager
def _serving(engine: Engine, settings: Settings) -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = Server(engine, settings)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            host, port = listener.getsockname()
            yield f"http://{host}:{port}"
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main()
