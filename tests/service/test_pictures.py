"""The README's pictures are of what the service answers today: ``python -m docs.pictures`` makes them."""

import json
import re
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from docs.pictures import ANSWERS, PAGE, PORTRAIT, RECORD, WINDOW, draw_answers, encode, size_of
from service.api.response.json import pose_json
from service.engine.engine import Engine
from service.settings import DETECTORS, MODELS, Settings

README = ANSWERS.parents[2] / "README.md"
RENEW = "run `python -m docs.pictures`"
MOST_DIFFERENCE = 2.0
"""Mean difference of levels, 0–255, that another processor's rounding may make."""

pytestmark = pytest.mark.skipif(
    not any((MODELS / f"{name}.onnx").is_file() for name in DETECTORS), reason="no detector comes with the service"
)


@pytest.fixture(scope="module")
def shipped() -> Iterator[Engine]:
    """An engine with the model and the detector that are shipped."""
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("JPPNET_DETECTOR", raising=False)
        engine = Engine.start(Settings(provider="cpu", lanes=1, threads=1, max_batch=1))
    yield engine
    engine.close()


def test_they_are_of_the_shipped_versions_and_as_large_as_recorded(shipped: Engine) -> None:
    assert shipped.detector is not None
    record = json.loads(RECORD.read_text())
    assert record["model"] == f"{shipped.card.name} {shipped.card.version}", RENEW
    assert record["detector"] == f"{shipped.detector.name} {shipped.detector.version}", RENEW
    for name, size in record["sizes"].items():
        assert list(size_of(ANSWERS.parent / name)) == size, RENEW
    assert size_of(PAGE) == WINDOW, RENEW


def test_the_portraits_answers_are_those_of_today(shipped: Engine) -> None:
    made = cv2.imdecode(np.frombuffer(encode(draw_answers(shipped)), np.uint8), cv2.IMREAD_COLOR)
    kept = cv2.imread(str(ANSWERS))
    assert made is not None
    assert kept is not None
    assert made.shape == kept.shape, RENEW
    assert np.abs(made.astype(int) - kept).mean() < MOST_DIFFERENCE, RENEW


def test_the_readmes_answer_is_that_of_today(shipped: Engine) -> None:
    """But for what another processor's rounding may make."""
    [sample] = re.findall(r"```json\n(.*?)```", README.read_text(), re.DOTALL)
    said = json.loads(sample)
    answer = json.loads(shipped.analyze_here(PORTRAIT.read_bytes(), pose_json))
    assert (said["model"], said["image"]) == (answer["model"], answer["image"])
    [person], [shown] = answer["people"], said["people"]
    assert shown["box"] == pytest.approx(person["box"], abs=4)
    assert shown["score"] == pytest.approx(person["score"], abs=0.02)
    _, joint, _ = shown["keypoints"]
    [found] = (point for point in person["keypoints"] if point["name"] == joint["name"])
    assert (joint["x"], joint["y"]) == pytest.approx((found["x"], found["y"]), abs=4)
    assert joint["score"] == pytest.approx(found["score"], abs=0.05)


def test_the_readme_names_the_labels_not_to_trust(shipped: Engine) -> None:
    """By the card of the model that the service takes by default."""
    figures = shipped.card.metrics["label_iou"]
    assert isinstance(figures, dict)
    doubtful = [name for name, iou in figures.items() if isinstance(iou, float) and iou < 0.3]
    said = f"Do not trust {', '.join(doubtful)}: the default model"
    assert said in README.read_text(), f"README.md must say: {said} …"
