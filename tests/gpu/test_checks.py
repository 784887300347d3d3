"""The helpers of `make test-gpu`, on the CPU provider."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from service.engine.model.buffers import Buffers
from service.engine.model.card import read_card
from service.engine.model.session import Prediction, Session
from service.settings import MODELS
from tests.gpu.checks import Agreement, agreement, batch_agreement, fill_memory, model_inputs, report
from tests.helpers.toy_model import HEIGHT, WIDTH, paint, toy_card, write_toy_model

PHOTO = Path(__file__).parents[2] / "export" / "astronaut.jpg"
PICTURE = paint(WIDTH, HEIGHT, {1: (10, 20, 20, 20), 3: (16, 4, 8, 10)})


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return Session(write_toy_model(tmp_path_factory.mktemp("toy") / "toy.onnx", toy_card()), "cpu", 1)


class Shifted:
    """A session whose joints lie 3 pixels to the right, and whose first row of labels is of another part."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def run(self, images: Any) -> list[Prediction]:
        answers = self._session.run(images)
        for answer in answers:
            answer.keypoints[:, 0] += 3
            answer.labels[0] += 1
        return answers


class Forgetful(Shifted):
    """A session whose batches begin with what the last run left."""

    last: Prediction | None = None

    def run(self, images: Any) -> list[Prediction]:
        answers = self._session.run(images)
        if self.last and len(images) > 1:
            answers[0] = self.last
        self.last = answers[-1]
        return answers


def test_agreement_is_total_with_oneself_and_measured_with_another(toy: Session) -> None:
    assert agreement(toy, toy, [PICTURE]) == Agreement(1.0, 0.0)
    found = agreement(toy, Shifted(toy), [PICTURE, PICTURE])
    assert found.labels == pytest.approx(31 / 32)
    assert found.joints == pytest.approx(3.0)


@pytest.mark.parametrize("batch", [2, 4, 8])
def test_a_batch_is_what_each_picture_is_alone(toy: Session, batch: int) -> None:
    assert batch_agreement(toy, PICTURE, batch) == Agreement(1.0, 0.0)
    assert batch_agreement(Forgetful(toy), PICTURE, batch).labels < 1


def test_io_binding_gives_what_a_plain_run_gives(toy: Session) -> None:
    bound = Buffers(toy._session, "cpu", 2).run([PICTURE, 255 - PICTURE], ["labels", "keypoints"])
    for row, plain in enumerate(toy.run([PICTURE, 255 - PICTURE])):
        assert np.array_equal(bound[0][row], plain.labels)
        assert np.array_equal(bound[1][row], plain.keypoints)


def test_photos_become_the_models_inputs() -> None:
    session = Session(MODELS / "jppnet-lite.onnx", "cpu", 1)
    card = read_card(session.metadata, "jppnet-lite")
    (image,) = model_inputs([PHOTO], card, (session.input_height, session.input_width))
    assert image.shape == (session.input_height, session.input_width, 3)


def test_memory_is_filled_to_the_last_block() -> None:
    free = 5_500_000_000

    def allocate(size: int) -> int:
        nonlocal free
        if size > free:
            raise MemoryError
        free -= size
        return size

    kept = list(fill_memory(allocate))
    assert free < 1 << 20
    assert sum(kept) + free == 5_500_000_000


def test_the_page_names_device_and_figures() -> None:
    page = report("NVIDIA L4, driver 580.65", {"cuda, golden sample": "100.00 % of the labels"})
    assert "Measured on: NVIDIA L4, driver 580.65." in page
    assert "| cuda, golden sample | 100.00 % of the labels |" in page
