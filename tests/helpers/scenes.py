"""Scenes of people whom the toy detector finds, and what the answers about them must be."""

import base64
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest

from service.engine.detection.detector import PersonDetector
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.masks import ids_of
from tests.helpers.toy_detector import Figure, Scene, draw

Image = npt.NDArray[np.uint8]

LEFT, MIDDLE, RIGHT = Figure(20, 40, 60, 160), Figure(150, 20, 80, 220, 0.9), Figure(300, 60, 50, 120, 0.7)
GROUP = draw(LEFT, MIDDLE, RIGHT)
IN_ORDER = (MIDDLE, LEFT, RIGHT)
"""The largest first."""
NUMBERS = (2, 1, 3)
"""Of these in ``GROUP.people``."""
NINE = draw(*(Figure(10 + 42 * i, 20 + 4 * i, 32, 120 + 4 * i) for i in range(9)))
FILLS = draw(Figure(20, 6, 216, 372), width=256, height=384)
NOBODY = draw()


def detecting(toy_path: Path, detector_path: Path, **values: Any) -> Engine:
    """An engine of one lane that looks for everybody, started without being measured."""
    detector = PersonDetector.start(detector_path, "cpu")
    return gated_engine(GatedSession(toy_path), Settings(model=toy_path, **values), detector=detector)


def post(client: httpx.Client, call: str, scene: Scene) -> Any:
    answer = client.post(call, content=scene.png)
    assert answer.status_code == 200, answer.text
    return answer.json() if answer.headers["content-type"] == "application/json" else answer.content


def plane_of(data: bytes) -> Image:
    """The pixel values of a grey PNG."""
    plane = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert plane is not None
    assert plane.ndim == 2
    return np.asarray(plane, np.uint8)


def mask_and_instances(answer: dict[str, Any]) -> tuple[Image, Image]:
    return ids_of(base64.b64decode(answer["mask"])), plane_of(base64.b64decode(answer["instances"]))


def grown(mask: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * by + 1,) * 2, np.uint8)) > 0


def shrunk(mask: npt.NDArray[np.bool_], by: int) -> npt.NDArray[np.bool_]:
    return ~grown(~mask, by)


def assert_shows(found: Image, truth: Image, within: int = 6) -> None:
    """That a map of ids is a scene's, but for the outlines, which lie within so many pixels of where they should: a
    crop's cell of the label grid is up to 8 pixels of the photo."""
    assert found.shape == truth.shape
    for value in np.unique(truth):
        inner = shrunk(truth == value, within)
        assert (found[inner] == value).all(), f"{value} is not where it should be"


def assert_is_group(answer: dict[str, Any]) -> None:
    """That everybody of the group is in an answer, in order."""
    people = answer["people"]
    assert [person["index"] for person in people] == [1, 2, 3]
    assert [person["box"] for person in people] == [figure.box for figure in IN_ORDER]
    # The detector's and the labels' are the figure's; the joints' is 1, and does not count where there are labels.
    scores = [figure.score for figure in IN_ORDER]
    assert [person["score"] for person in people] == pytest.approx(scores, abs=0.005)


def ordered(scene: Scene, numbers: tuple[int, ...]) -> Image:
    """Whose each pixel of a scene is, by the order of the answer."""
    table = np.zeros(256, np.uint8)
    table[list(numbers)] = range(1, len(numbers) + 1)
    return table[scene.people]
