"""Cutouts have soft edges and are never more opaque than the photo; overlays keep its alpha; pictures say sRGB."""

import io

import cv2
import httpx
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from service.imaging.blend import cutout, soft_edges
from service.imaging.fit import plan_fit
from service.imaging.label_map import label_map
from service.imaging.mask import coverage_map, cut_padding
from tests.helpers.color_profiles import DISPLAY_P3
from tests.helpers.photo_files import saved, smooth
from tests.helpers.toy_model import jpeg, paint, png

Planes = npt.NDArray[np.uint8]

SQUARE = (40, 80, 80, 80)
"""Where the toy model sees a label in :data:`PHOTO`."""
PHOTO = paint(192, 256, {1: SQUARE})


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def pixels_of(data: bytes) -> Planes:
    return np.asarray(opened(data))


def grid_of(labels: Planes, confidence: Planes, size: tuple[int, int] = (64, 48)) -> tuple[object, object]:
    fit = plan_fit(size, size, "squash")
    return cut_padding(labels, confidence, fit), fit


def random_grid(seed: int, labels: int = 4) -> tuple[Planes, Planes]:
    rng = np.random.default_rng(seed)
    ids = cv2.resize(rng.integers(0, labels, (4, 3), np.uint8), (12, 16), interpolation=cv2.INTER_NEAREST)
    return np.asarray(ids), rng.integers(60, 256, (16, 12), np.uint8)


@given(st.integers(0, 500), st.sets(st.integers(0, 3), min_size=1))
def test_coverage_is_half_where_the_mask_has_its_border(seed: int, wanted: set[int]) -> None:
    """Of more than two labels that meet, interpolating the strongest is not the strongest interpolated."""
    grid, fit = grid_of(*random_grid(seed))
    inside = np.isin(label_map(grid, fit), list(wanted))  # type: ignore[arg-type]
    coverage = coverage_map(grid, fit, wanted)  # type: ignore[arg-type]
    assert ((coverage >= 128) == inside).mean() > 0.9
    assert (coverage[inside] > 60).all()
    assert (coverage[~inside] < 195).all()


def test_a_sure_border_is_as_wide_as_a_cell_and_an_unsure_one_wider() -> None:
    labels = np.zeros((16, 12), np.uint8)
    labels[:, 6:] = 1
    rows = []
    for unsure in (255, 150):
        confidence = np.full((16, 12), 255, np.uint8)
        confidence[:, 5:7] = unsure
        rows.append(coverage_map(*grid_of(labels, confidence), {1})[32].astype(int))  # type: ignore[arg-type]
    for row in rows:
        assert (np.diff(row) >= 0).all()
        assert row[0] == 0
        assert row[-1] == 255
        assert abs(int(np.argmax(row >= 128)) - 24) <= 1
    sure, unsure_row = (int(((row > 0) & (row < 255)).sum()) for row in rows)
    assert sure <= 5
    assert unsure_row > sure


def test_borders_between_wanted_labels_leave_no_gap() -> None:
    labels = np.ones((16, 12), np.uint8)
    labels[:, 6:] = 2
    unsure = np.full((16, 12), 90, np.uint8)
    assert (coverage_map(*grid_of(labels, unsure), {1, 2}) == 255).all()  # type: ignore[arg-type]


def test_nothing_of_a_label_is_no_coverage() -> None:
    assert not coverage_map(*grid_of(*random_grid(0, 2)), {3}).any()  # type: ignore[arg-type]


@given(st.integers(0, 999))
def test_soft_edges_agree_with_the_mask(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wanted = rng.choice(np.array([0, 255], np.uint8), (5, 7))
    coverage = rng.integers(0, 256, (5, 7), np.uint8)
    soft = soft_edges(wanted, coverage.copy())
    assert ((soft >= 128) == (wanted == 255)).all()
    assert ((soft == coverage) | (soft == 255 - coverage)).all()


@given(st.integers(0, 999))
def test_alpha_never_rises_and_what_is_clear_has_no_colour(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture, coverage = rng.integers(0, 256, (5, 7, 4), np.uint8), rng.integers(0, 256, (5, 7), np.uint8)
    found = cutout(picture, coverage)
    assert (found[..., 3] <= picture[..., 3]).all()
    assert (found[..., 3] <= coverage).all()
    assert (found[found[..., 3] == 0] == 0).all()
    shown = found[..., 3] > 0
    assert (found[shown, :3] == picture[shown, :3]).all()
    assert (cutout(picture[..., :3], coverage)[..., 3] == coverage).all()


def test_a_cutout_has_soft_edges_around_the_mask(client: httpx.Client) -> None:
    found = pixels_of(client.post("/parse?format=cutout", content=png(PHOTO)).content)
    mask = pixels_of(client.post("/parse", content=png(PHOTO)).content)
    assert found.shape == (256, 192, 4)
    assert ((found[..., 3] >= 128) == (mask > 0)).mean() > 0.99
    x, y, width, height = SQUARE
    assert (found[y + 16 : y + height - 16, x + 16 : x + width - 16, 3] > 250).all(), "whole inside"
    assert (found[: y - 16, :, 3] < 5).all(), "nothing far outside"
    assert len(np.unique(found[..., 3])) > 2, "between are more levels than two"
    seen = found[..., 3] > 0
    np.testing.assert_array_equal(found[seen, :3], PHOTO[seen])


def soft_photo() -> Planes:
    """A photo with all levels of transparency, from left to right."""
    return np.dstack([PHOTO, np.repeat(np.linspace(0, 255, 192).astype(np.uint8)[None], 256, axis=0)])


def test_a_photos_own_alpha_never_rises_in_a_cutout(client: httpx.Client) -> None:
    photo = soft_photo()
    found = pixels_of(client.post("/parse?format=cutout", content=png_of(photo)).content)
    assert (found[..., 3] <= photo[..., 3]).all()
    x, y, width, height = SQUARE
    inner = (slice(y + 8, y + height - 8), slice(x + 8, x + width - 8))
    np.testing.assert_array_equal(found[inner], photo[inner])


def png_of(pixels: Planes) -> bytes:
    return saved(pixels, "PNG")


@pytest.mark.parametrize("path", ["/parse?format=overlay", "/pose?format=overlay", "/analyze?format=overlay"])
def test_overlays_keep_the_photos_alpha(client: httpx.Client, path: str) -> None:
    photo = soft_photo()
    found = pixels_of(client.post(path, content=png_of(photo), headers={"Accept": "image/png"}).content)
    np.testing.assert_array_equal(found[..., 3], photo[..., 3])


def test_what_is_transparent_is_white_in_a_jpeg(client: httpx.Client) -> None:
    answer = client.post("/pose?format=overlay", content=png_of(soft_photo()), headers={"Accept": "image/jpeg"})
    assert opened(answer.content).mode == "RGB"
    assert pixels_of(answer.content)[:, :3].min() > 240


def test_an_opaque_photo_with_alpha_is_answered_as_one_without(client: httpx.Client) -> None:
    opaque = np.dstack([PHOTO, np.full(PHOTO.shape[:2], 255, np.uint8)])
    for path in ("/parse?format=overlay", "/parse?format=cutout", "/pose?format=overlay", "/parse"):
        answers = [
            client.post(path, content=png_of(pixels), headers={"Accept": "image/png"}) for pixels in (PHOTO, opaque)
        ]
        assert answers[0].content == answers[1].content


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/parse?format=overlay", "image/png"), ("/parse?format=overlay", "image/jpeg"),
        ("/parse?format=cutout", "image/png"), ("/pose?format=overlay", "image/png"),
        ("/analyze?format=overlay", "image/jpeg"),
    ],
)  # fmt: skip
def test_pictures_say_that_they_are_srgb(client: httpx.Client, path: str, accept: str) -> None:
    picture = opened(client.post(path, content=jpeg(PHOTO), headers={"Accept": accept}).content)
    if accept == "image/png":
        assert picture.info["srgb"] == 0
        return
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    colors = Image.fromarray(smooth(40, 30, 3))
    same = ImageCms.profileToProfile(colors, profile, ImageCms.createProfile("sRGB"))
    assert same
    assert np.abs(np.asarray(same).astype(int) - np.asarray(colors)).max() <= 1


def test_a_photo_in_p3_is_answered_in_srgb(client: httpx.Client) -> None:
    colors = smooth(192, 256, 3)
    expected = ImageCms.profileToProfile(
        Image.fromarray(colors), ImageCms.ImageCmsProfile(io.BytesIO(DISPLAY_P3)), ImageCms.createProfile("sRGB"),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )  # fmt: skip
    assert expected
    in_srgb = np.asarray(expected).astype(int)
    assert np.abs(in_srgb - colors).mean() > 4, "which is what ignoring the profile costs"
    photo = saved(colors, "PNG", icc_profile=DISPLAY_P3)
    plain = pixels_of(
        client.post("/parse?format=overlay&opacity=0", content=photo, headers={"Accept": "image/png"}).content
    )
    assert np.abs(plain - in_srgb).max() <= 1
    shown = pixels_of(client.post("/parse?format=cutout", content=photo).content)
    seen = shown[..., 3] > 0
    assert seen.any()
    assert np.abs(shown[seen, :3] - in_srgb[seen]).max() <= 1
    masks = [client.post("/parse?format=ids", content=data).content for data in (photo, png(np.asarray(expected)))]
    assert (pixels_of(masks[0]) == pixels_of(masks[1])).mean() > 0.99, "and what the model is shown"


def test_gif_and_avif_are_answered(client: httpx.Client) -> None:
    for kind in ("GIF", "AVIF"):
        answer = client.post(
            "/parse?format=ids", content=saved(PHOTO, kind), headers={"Content-Type": f"image/{kind.lower()}"}
        )
        assert answer.status_code == 200
        x, y, width, height = SQUARE
        assert (pixels_of(answer.content)[y + 8 : y + height - 8, x + 8 : x + width - 8] == 1).all()
