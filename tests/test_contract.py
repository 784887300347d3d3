"""Training, export and service share no code, only the model file's document. Here they are held to it together."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.imaging.fit import fit_photo, plan_fit, to_photo
from training.data.fit import PAD_COLOR
from training.data.fit import fit_photo as fit_for_training

SERVICE = Path(__file__).parents[1] / "service"


@given(st.integers(1, 700), st.integers(1, 700), st.integers(0, 2**32 - 1), st.sampled_from(["letterbox", "squash"]))
def test_a_photo_is_fitted_alike_in_training_and_service(height, width, seed, mode):
    small = np.random.default_rng(seed).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    photo = cv2.resize(small, (width, height))
    theirs = plan_fit((height, width), (256, 192), mode)
    image, ours = fit_for_training(photo, 256, 192, mode)
    np.testing.assert_array_equal(fit_photo(photo, theirs, PAD_COLOR), image)
    points = np.array([[0.0, 0.0], [191.0, 255.0], [70.5, 13.25]])
    np.testing.assert_allclose(to_photo(points, theirs), ours.to_photo(points), rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("module", sorted(SERVICE.rglob("*.py")), ids=lambda path: str(path.relative_to(SERVICE)))
def test_the_service_knows_nothing_of_training_or_export(module):
    for line in module.read_text().splitlines():
        words = line.split()
        if words[:1] in (["import"], ["from"]):
            assert words[1].split(".")[0] not in {"torch", "training", "export", "onnx"}, line
