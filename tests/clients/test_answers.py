"""What answers say of themselves: parts and joints by name, masks, and pictures."""

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

import jppnet
from jppnet.drawing import draw_skeleton, shrunk
from jppnet.photo import photo_bytes, photo_pixels
from jppnet.png import encode_png

HEIGHT, WIDTH = 40, 60
RED, GREEN = (255, 0, 0), (0, 255, 0)


def label(number: int, name: str, color: tuple[int, int, int]) -> jppnet.Label:
    return jppnet.Label(number, name, color, 100, 0.1, jppnet.Box(0, 0, 10, 10), 0.9)


def person(index: int, x: float) -> jppnet.Person:
    joints = (
        jppnet.Keypoint("head", x, 5, 0.9),
        jppnet.Keypoint("hip", x, 30, 0.9),
        jppnet.Keypoint("toe", 0, 0, 0.01),
    )
    return jppnet.Person(jppnet.Box(0, 0, 10, 10), 0.8, joints, index=index)


def two_people() -> jppnet.Analysis:
    """Two people side by side: a coat each on the left half and on the right, of which the second wears a hat."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[10:30, 5:25] = mask[10:30, 35:55] = 7
    mask[5:10, 35:55] = 2
    instances = np.where(mask > 0, np.where(np.arange(WIDTH) < 30, 1, 2), 0).astype(np.uint8)
    return jppnet.Analysis(
        model="toy",
        version="1",
        width=WIDTH,
        height=HEIGHT,
        photo=photo_bytes(np.full((HEIGHT, WIDTH, 3), 100, np.uint8)),
        labels=(label(0, "background", (0, 0, 0)), label(2, "hat", RED), label(7, "coat", GREEN)),
        mask=mask,
        regions=(),
        people=(person(1, 15.0), person(2, 45.0)),
        instances=instances,
        skeleton=((0, 1), (1, 2)),
    )


def test_a_label_is_found_by_its_name_or_id() -> None:
    answer = two_people()
    assert answer["coat"] is answer[7] is answer.labels[2]
    assert "coat" in answer
    assert 2 in answer
    assert "skirt" not in answer
    assert None not in answer
    with pytest.raises(KeyError, match=r"skirt is not in the photo\. In it are background, hat, coat"):
        answer["skirt"]


def test_an_answer_is_one_line_in_a_console() -> None:
    assert repr(two_people()) == "<Analysis: toy 1; 60×40 pixels; people: 2; labels: background, hat, coat>"


def test_a_joint_is_found_by_its_name() -> None:
    somebody = person(1, 15.0)
    assert somebody["hip"] == jppnet.Keypoint("hip", 15.0, 30, 0.9)
    with pytest.raises(KeyError, match=r"There is no joint “knee”\. Joints: head, hip, toe"):
        somebody["knee"]


def test_the_mask_of_labels_and_people() -> None:
    answer = two_people()
    coat = answer.mask_of("coat")
    assert (coat.dtype, coat.shape, coat.sum()) == (np.bool_, (HEIGHT, WIDTH), 2 * 20 * 20)
    assert answer.mask_of("coat", 2).sum() == 2 * 20 * 20 + 5 * 20
    assert answer.mask_of("hat", "coat", person=1).sum() == 20 * 20
    assert not answer.mask_of("skirt").any()
    assert not answer.mask_of("coat", person=3).any()


def test_an_overlay_tints_the_labels_and_nothing_else() -> None:
    answer = replace(two_people(), people=())
    overlay = answer.overlay(opacity=0.6)
    assert overlay[20, 10].tolist() == [40, 193, 40]  # 0.4 · 100 + 0.6 · (0, 255, 0)
    assert overlay[7, 40].tolist() == [193, 40, 40]
    assert overlay[0, 0].tolist() == [100, 100, 100]
    assert answer.overlay(labels="hat")[20, 10].tolist() == [100, 100, 100]
    assert answer.overlay(labels=[7, "hat"], opacity=1)[20, 10].tolist() == [0, 255, 0]


def test_an_overlay_shows_who_is_who_and_how_they_stand() -> None:
    overlay = two_people().overlay()
    assert overlay[10, 5].tolist() != overlay[10, 10].tolist() or overlay[20, 5].tolist() != overlay[20, 10].tolist()
    assert overlay[20, 5].tolist() != overlay[20, 54].tolist(), "an outline is of its person's colour"
    middle = overlay[17, 15].tolist()
    assert middle != [40, 193, 40], "a bone lies there"
    assert overlay[0, 0].tolist() == [100, 100, 100], "a joint that was not seen is not drawn"


def test_an_overlay_may_be_drawn_on_other_pixels_of_the_same_size() -> None:
    answer = two_people()
    pixels = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    answer.overlay(pixels)
    assert not pixels.any(), "what is given stays as it is"
    for wrong in (pixels[:-1], pixels[..., 0], pixels / 255):
        with pytest.raises(ValueError, match="a photo of 60×40 pixels; pixels must be uint8 \\(40, 60, 3\\)"):
            answer.overlay(wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Give its pixels"):
        replace(answer, photo=None).overlay()


def test_a_notebook_shows_the_overlay() -> None:
    answer = two_people()
    shown = cv2.imdecode(np.frombuffer(answer._repr_png_(), np.uint8), cv2.IMREAD_COLOR)
    np.testing.assert_array_equal(shown[..., ::-1], answer.overlay())
    on_black = replace(answer, photo=None, people=())._repr_png_()
    shown = cv2.imdecode(np.frombuffer(on_black, np.uint8), cv2.IMREAD_COLOR)
    assert shown[20, 10].tolist() == [0, 255, 0]
    assert not shown[0, 0].any()


def test_a_large_picture_is_shown_smaller() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (301, 1999, 3), np.uint8)
    small = shrunk(picture, 1000)
    assert small.shape == (150, 999, 3)
    np.testing.assert_allclose(small[3, 4], picture[6:8, 8:10].reshape(-1, 3).mean(0), atol=0.5)
    assert shrunk(np.zeros((1, 3000, 3), np.uint8), 1000).shape == (1, 1000, 3)
    assert shrunk(picture, 1999) is picture


def test_bones_and_joints_beyond_the_picture_do_no_harm() -> None:
    picture = np.zeros((10, 10, 3), np.uint8)
    draw_skeleton(picture, [(-50.0, -50.0), (500.0, 500.0), (5.0, 1e4), None], [(0, 1), (1, 2), (2, 3)], RED)
    assert picture[5, 5].any()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "F", "I"])
def test_a_pillow_image_of_any_mode_becomes_a_png(mode: str) -> None:
    image = Image.fromarray(np.random.default_rng(3).integers(0, 256, (4, 6, 3), np.uint8)).convert(mode)
    image.info["icc_profile"] = b"profile"
    read = Image.open(io.BytesIO(photo_bytes(image)))
    assert (read.format, read.size) == ("PNG", (6, 4))
    if mode in ("RGB", "RGBA", "L"):
        assert read.info["icc_profile"] == b"profile"
        np.testing.assert_array_equal(np.asarray(read), np.asarray(image))
    if mode == "CMYK":
        assert "icc_profile" not in read.info, "it says what CMYK means, and the pixels are RGB"


@pytest.mark.parametrize("shape", [(3, 5), (3, 5, 1), (3, 5, 2), (3, 5, 3), (3, 5, 4), (1, 1), (200, 3, 3)])
@pytest.mark.parametrize("level", [0, 1, 9])
def test_a_png_holds_the_very_pixels(shape: tuple[int, ...], level: int) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    read = np.asarray(Image.open(io.BytesIO(encode_png(pixels, level))))
    np.testing.assert_array_equal(read.reshape(shape), pixels)


def test_a_photo_is_drawn_on_as_it_lies_upright() -> None:
    upright = np.random.default_rng(2).integers(0, 256, (6, 4, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    file = io.BytesIO()
    Image.fromarray(upright).transpose(Image.Transpose.ROTATE_90).save(file, "PNG", exif=exif)
    np.testing.assert_array_equal(photo_pixels(file.getvalue()), upright)


def test_what_is_transparent_is_white_with_either_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    clear = np.array([[[10, 20, 30, 255], [10, 20, 30, 0], [0, 0, 0, 51]]], np.uint8)
    expected = [[[10, 20, 30], [255, 255, 255], [204, 204, 204]]]
    assert photo_pixels(encode_png(clear)).tolist() == expected
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert photo_pixels(encode_png(clear)).tolist() == expected
    with pytest.raises(ValueError, match="cannot decode"):
        photo_pixels(b"")
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(ImportError, match="pip install pillow"):
        photo_pixels(encode_png(clear))


def test_everything_can_be_imported_by_a_star() -> None:
    """Where the client is alone as well: it has no Predictor."""
    program = "from jppnet import *; print(Client, ProblemError)"
    folder = Path(jppnet.__file__).parents[1]
    subprocess.run([sys.executable, "-c", program], cwd=folder, env={}, check=True, capture_output=True)
