"""How a photo is decoded for detector and model: as small as they need, and as seldom."""

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest

from service.engine.decoding.decoders import ThreadDecoder
from service.engine.decoding.task import DecodingTask
from service.engine.detection.input_size import input_size
from service.engine.photo.detection_inputs import DetectionInputs
from service.engine.photo.photo import Photo, plan, plan_detection
from service.engine.scheduling.deadline import Deadline
from service.imaging.decode import Image
from service.imaging.fit import Fit, fit_photo, plan_fit
from service.imaging.inspect import Limits
from service.imaging.photo_file import PhotoFile

DETECTOR_PAD, MODEL_PAD = (10, 20, 30), (200, 210, 220)


@dataclass
class CountedDecoder(ThreadDecoder):
    """Notes the reduction of each decoding, and how many inputs are made of it."""

    decodings: list[tuple[int, int]] = field(default_factory=list)

    def decode(
        self, file: PhotoFile, task: DecodingTask, is_wanted: Callable[[], bool], is_brief: bool = False
    ) -> list[Image]:
        self.decodings.append((task.reduction, len(task.cutouts)))
        return super().decode(file, task, is_wanted, is_brief)


def smooth(width: int, height: int) -> Image:
    """A photo without fine detail: reduced decoding changes it little."""
    y, x = np.mgrid[:height, :width]
    planes = [np.sin(x / 70), np.cos(y / 90), np.sin((x + y) / 110)]
    return np.asarray(np.stack([127 + 120 * plane for plane in planes], axis=2), np.uint8)


def inputs_of(photo: Image, kind: str) -> tuple[DetectionInputs, CountedDecoder, Fit, Fit]:
    """The inputs of a file of that kind, its decoder, and the detector's small and large fit."""
    data = cv2.imencode(f".{kind}", photo[..., ::-1])[1].tobytes()
    decoder = CountedDecoder()
    height, width = photo.shape[:2]
    small, large = (plan_fit((height, width), input_size(height, width, side, 32), "letterbox") for side in (128, 224))
    whole = plan(Photo.inspect(data, Limits(10**8), decoder), (), (256, 192), "letterbox")
    both = plan_detection(whole, large)
    inputs = DetectionInputs(whole, both, large, (DETECTOR_PAD, MODEL_PAD), Deadline(), is_brief=False)
    return inputs, decoder, small, large


def assert_alike(image: Image, photo: Image, fit: Fit, pad: tuple[int, int, int]) -> None:
    expected = fit_photo(photo, fit, pad)
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).max() <= 8
    inside = np.zeros(image.shape[:2], bool)
    inside[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width] = True
    assert (image[~inside] == pad).all()


def test_the_small_input_is_made_from_the_models_and_the_large_one_decoded_when_it_is_wanted() -> None:
    photo = smooth(550, 830)
    inputs, decoder, small, large = inputs_of(photo, "jpg")
    assert_alike(inputs.of_detector(small), photo, small, DETECTOR_PAD)
    of_model = inputs.of_model()
    assert_alike(of_model, photo, plan_fit((830, 550), (256, 192), "letterbox"), MODEL_PAD)
    assert decoder.decodings == [(2, 1)], "at half the size, and for the model alone"
    assert_alike(inputs.of_detector(large), photo, large, DETECTOR_PAD)
    assert decoder.decodings == [(2, 1), (1, 1)]
    assert inputs.of_model() is of_model
    assert inputs.of_detector(large) is inputs.of_detector(large)
    assert len(decoder.decodings) == 2


@pytest.mark.parametrize(("kind", "size", "reduction"), [("png", (550, 830), 1), ("jpg", (768, 1024), 2)])
def test_where_both_need_the_same_pixels_one_decoding_serves_both(
    kind: str, size: tuple[int, int], reduction: int
) -> None:
    photo = smooth(*size)
    inputs, decoder, small, large = inputs_of(photo, kind)
    for fit in (small, large):
        assert_alike(inputs.of_detector(fit), photo, fit, DETECTOR_PAD)
    inputs.of_model()
    assert decoder.decodings == [(reduction, 2)]


def test_what_the_model_is_shown_too_small_comes_from_the_large_input() -> None:
    """A panorama is 27 pixels high in the model's input, and 50 in the detector's."""
    photo = smooth(2800, 400)
    inputs, decoder, small, large = inputs_of(photo, "jpg")
    assert small.height == 50
    assert_alike(inputs.of_detector(small), photo, small, DETECTOR_PAD)
    assert_alike(inputs.of_detector(large), photo, large, DETECTOR_PAD)
    inputs.of_model()
    assert decoder.decodings == [(2, 2)], "an eighth of the size would do for the model"
