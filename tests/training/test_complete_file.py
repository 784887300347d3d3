"""Files that end before their picture does, as the service refuses them."""

import cv2
import numpy as np
import pytest

from training.data.complete_file import is_complete
from training.data.sample import BrokenSampleError, read_image, read_label_map

NOISE = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)


def encoded(suffix, *options):
    return cv2.imencode(suffix, NOISE, list(options))[1].tobytes()


PROGRESSIVE = (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)
FILES = [encoded(".jpg"), encoded(".jpg", *PROGRESSIVE), encoded(".png"), encoded(".webp")]


@pytest.mark.parametrize("data", FILES, ids=["jpeg", "progressive", "png", "webp"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_file_is_complete_until_it_is_cut_off(data, share):
    assert is_complete(data)
    assert not is_complete(data[: int(share * len(data))])


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_photo():
    """An EXIF segment of a whole small JPEG, in a photo that is cut off."""
    thumbnail = cv2.imencode(".jpg", NOISE[:8, :8])[1].tobytes()
    photo = encoded(".jpg")
    segment = b"\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail
    with_thumbnail = photo[:2] + segment + photo[2:]
    assert is_complete(with_thumbnail)
    assert not is_complete(with_thumbnail[:-200])


def test_what_lies_after_the_picture_does_not_matter():
    assert is_complete(encoded(".jpg") + b"\0" * 100)


def test_a_cut_off_photo_is_refused_and_named(tmp_path):
    (tmp_path / "cut off.jpg").write_bytes(encoded(".jpg")[:-300])
    with pytest.raises(BrokenSampleError, match=r"cut off\.jpg: cut off, the file ends before its picture does"):
        read_image(tmp_path / "cut off.jpg")


def test_a_cut_off_label_map_and_an_empty_file_too(tmp_path):
    (tmp_path / "labels.png").write_bytes(cv2.imencode(".png", NOISE[..., 0])[1].tobytes()[:-50])
    with pytest.raises(BrokenSampleError, match="cut off"):
        read_label_map(tmp_path / "labels.png")
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(BrokenSampleError, match=r"empty\.jpg: missing, or not an image"):
        read_image(tmp_path / "empty.jpg")
