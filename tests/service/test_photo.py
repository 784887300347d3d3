"""What of a photo the model is shown, and that a JPEG decoded small shows it the same."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.decoding.decoders import ThreadDecoder
from service.engine.photo.boxes import RequestedBox
from service.engine.photo.photo import Photo, Plan, plan
from service.engine.scheduling.deadline import Deadline
from service.imaging.decode import decode_file, orient
from service.imaging.errors import TruncatedPhotoError
from service.imaging.inspect import Limits, inspect
from tests.helpers.oriented_files import jpeg_with_exif
from tests.helpers.photo_files import saved
from tests.helpers.portrait import portrait
from tests.helpers.toy_model import jpeg, paint, png

INPUT = (256, 192)
"""Height and width of the default model's input."""


def planned(data: bytes, *boxes: RequestedBox, model_input: tuple[int, int] = INPUT) -> Plan:
    return plan(Photo.inspect(data, Limits(10**8), ThreadDecoder()), boxes, model_input, "letterbox")


@pytest.mark.parametrize(
    ("side", "reduction"),
    # 192 pixels of the input across: 1.5 times that are 288, 576, 1152, 2304 pixels of the photo at 1, 2, 4, 8.
    [(100, 1), (288, 1), (575, 1), (576, 2), (1151, 2), (1152, 4), (2303, 4), (2304, 8), (9000, 8)],
)
def test_as_few_pixels_are_decoded_as_leave_half_as_many_again_as_the_model_takes(side: int, reduction: int) -> None:
    found = planned(jpeg(paint(side, side, {})))
    assert (found.width, found.height, found.reduction) == (side, side, reduction)
    assert found.pixels == (-(-side // reduction)) ** 2
    assert found.answer_pixels == side**2


def test_only_whole_jpegs_are_decoded_small() -> None:
    photo = paint(1600, 1600, {})
    assert planned(png(photo)).reduction == 1
    of_boxes = planned(jpeg(photo), RequestedBox(0, 0, 500, 600), RequestedBox(100, 0, 1500, 1600))
    assert of_boxes.reduction == 1
    drawn = sum(crop.box.width * crop.box.height for crop in of_boxes.crops)
    assert of_boxes.answer_pixels == 1600 * 1600, "at a time"
    assert of_boxes.answer_work == 1600 * 1600 + drawn, "in all"


def test_what_takes_long_counts_by_its_time() -> None:
    photo = paint(1600, 1600, {})
    in_one_scan, in_many = planned(jpeg(photo)), planned(saved(photo, "JPEG", progressive=True, subsampling=0))
    assert in_one_scan.decoding_work == in_one_scan.weight
    assert in_many.photo.header.scan_blocks >= 10 * 200 * 200
    assert in_many.decoding_work == 4 * in_many.photo.header.scan_blocks > in_many.weight
    assert planned(png(photo)).decoding_work == 2 * 1600 * 1600


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_small_photo_is_upright_too(orientation: int) -> None:
    photo = portrait(768)[:, :700]
    stored = orient(photo, {6: 8, 8: 6}.get(orientation, orientation))  # the inverse turn
    found = planned(jpeg_with_exif(stored, orientation))
    assert (found.width, found.height, found.reduction) == (700, 768, 2)
    expected = cv2.resize(photo, (350, 384), interpolation=cv2.INTER_AREA)
    assert np.abs(found.photo.decode(Deadline(), 2).astype(float) - expected).mean() < 2


@given(st.integers(1, 90), st.integers(1, 90), st.sampled_from([1, 2, 4, 8]))
def test_any_size_is_rounded_up(width: int, height: int, reduction: int) -> None:
    data = jpeg(paint(width, height, {}))
    small = decode_file(inspect(data, Limits(10**8)), reduction)
    assert small.shape == (-(-height // reduction), -(-width // reduction), 3)


def test_a_file_that_is_cut_off_is_refused_when_decoded_small_as_well() -> None:
    data = jpeg(portrait(1200))
    with pytest.raises(TruncatedPhotoError):
        planned(data[: len(data) // 2]).decode_inputs((0, 0, 0), Deadline())


@pytest.mark.parametrize("side", [600, 901, 1200, 2311])
def test_the_model_is_shown_nearly_the_same(side: int) -> None:
    """Mean difference of the input below 2 of 255 levels; here it is 0.8 to 1.5."""
    found = planned(jpeg(portrait(side), quality=92))
    assert found.reduction > 1
    whole = Plan(found.photo, found.width, found.height, found.crops, 1, is_of_boxes=False)
    (small,), (full,) = found.decode_inputs((0, 0, 0), Deadline()), whole.decode_inputs((0, 0, 0), Deadline())
    assert small.shape == full.shape == (*INPUT, 3)
    assert np.abs(small.astype(float) - full).mean() < 2
