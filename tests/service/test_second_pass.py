"""Who is small in a photo is looked at once more, closer."""

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from service.engine.decoding.decoders import ThreadDecoder
from service.engine.engine import Engine
from service.engine.model.card import Card
from service.engine.model.session import Prediction
from service.engine.photo.inference import Inference
from service.engine.photo.photo import Photo, plan, plan_second_pass
from service.engine.photo.second_pass import MIN_ENLARGEMENT, second_pass_box
from service.engine.photo.view import View
from service.engine.scheduling.deadline import Deadline
from service.imaging.box import Box
from service.imaging.decode import orient
from service.imaging.fit import plan_fit
from service.imaging.inspect import Limits
from service.settings import Settings
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.masks import ids_of
from tests.helpers.metric_samples import key, samples
from tests.helpers.oriented_files import jpeg_with_exif
from tests.helpers.portrait import portrait
from tests.helpers.serving import serving
from tests.helpers.toy_model import HEIGHT, JOINTS, STRIDE, WIDTH, paint, png, toy_card

Image = npt.NDArray[np.uint8]
Rectangle = tuple[int, int, int, int]


def view(width: int, height: int, person: Rectangle | None) -> View:
    """A whole photo of that size in which a box of cells of the grid (of 24×32) has a label."""
    grid = np.zeros((HEIGHT // STRIDE, WIDTH // STRIDE), np.uint8)
    if person:
        grid[Box(*person).area] = 1
    prediction = Prediction(grid, np.full(grid.shape, 255, np.uint8), np.zeros((len(JOINTS), 3), np.float32))
    return View(Box(0, 0, width, height), plan_fit((height, width), (HEIGHT, WIDTH), "letterbox"), prediction)


def test_the_surroundings_of_a_small_person_are_looked_at_and_the_photo_goes_on_around_them() -> None:
    # A cell is 10×10 pixels: the person is 40 wide and 100 tall. 15 % on each side make that 52×130, and the input's
    # proportions of 3 to 4 make it 97 wide.
    assert second_pass_box(view(240, 320, (10, 5, 4, 10))) == (94 - 22, 50 - 15, 52 + 44, 100 + 30)


def test_what_lies_outside_the_photo_is_not_shown() -> None:
    assert second_pass_box(view(240, 320, (0, 0, 4, 10))) == (0, 0, 46 + 20, 100 + 15)


def test_who_fills_the_photo_is_not_looked_at_again() -> None:
    assert second_pass_box(view(240, 320, (2, 2, 20, 28))) is None


@pytest.mark.parametrize(("cells", "is_closer"), [(19, True), (20, False)])
def test_it_pays_from_a_quarter_larger(cells: int, is_closer: bool) -> None:
    # With its surroundings, a person of 19 cells is 24.7 of the photo's 32 cells tall, one of 20 cells 26.
    assert 32 / 24.7 > MIN_ENLARGEMENT > 32 / 26
    assert bool(second_pass_box(view(240, 320, (10, 5, 4, cells)))) == is_closer


def test_where_nobody_is_nothing_is_looked_at() -> None:
    assert second_pass_box(view(240, 320, None)) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_part_of_a_photo_decoded_small_shows_what_the_whole_one_shows(orientation: int) -> None:
    stored = orient(portrait(2000), {6: 8, 8: 6}.get(orientation, orientation))  # the inverse turn
    whole = plan(
        Photo.inspect(jpeg_with_exif(stored, orientation), Limits(10**8), ThreadDecoder()), (), (256, 192), "letterbox"
    )
    closer = plan_second_pass(whole, Box(501, 203, 801, 1070))
    (crop,) = closer.crops
    assert closer.reduction == 2
    assert crop.box == (500, 202, 802, 1072)
    full = cv2.resize(portrait(2000)[crop.box.area], (crop.fit.width, crop.fit.height), interpolation=cv2.INTER_AREA)
    (image,) = closer.decode_inputs((0, 0, 0), Deadline())
    fit = Box(crop.fit.left, crop.fit.top, crop.fit.width, crop.fit.height)
    assert np.abs(image[fit.area].astype(float) - full).mean() < 2


def test_a_turned_photo_whose_sides_do_not_divide_is_decoded_whole() -> None:
    stored = orient(portrait(2001), 3)
    whole = plan(Photo.inspect(jpeg_with_exif(stored, 3), Limits(10**8), ThreadDecoder()), (), (256, 192), "letterbox")
    assert plan_second_pass(whole, Box(501, 203, 801, 1070)).reduction == 1


def test_views_are_computed_once() -> None:
    photo = Photo.inspect(png(paint(240, 320, {})), Limits(10**8), ThreadDecoder())
    prediction = view(240, 320, (10, 5, 4, 10)).prediction
    inference = Inference.of(plan(photo, (), (HEIGHT, WIDTH), "letterbox"), [prediction], decoding=0.0)
    assert inference.plan_second_pass()
    assert inference.views is inference.views
    assert inference.analysis(Card.model_validate(toy_card()), Deadline()).views is inference.views


SMALL = paint(960, 720, {1: (600, 270, 60, 130)})
"""Somebody of 60×130 pixels: 3×6.5 of the whole photo's in the input, where each is 20×20 of the photo's."""


def wrong(mask: Image) -> int:
    """Pixels of a mask of ``SMALL`` that have the wrong label."""
    return int((mask != SMALL[..., 0] // 64).sum())


def test_somebody_small_is_answered_to_the_pixel(toy_path: Path) -> None:
    settings = Settings(model=toy_path, provider="cpu", lanes=1)
    with serving(Engine.start(settings), settings) as client:
        ids = ids_of(client.post("/parse", content=png(SMALL)).content)
        person = client.post("/pose", content=png(SMALL)).json()["people"][0]
    assert wrong(ids) < 760, "the outline, 380 pixels long, is met within two pixels"
    chest = person["keypoints"][0]
    assert (chest["x"], chest["y"]) == pytest.approx((629.5, 334.5), abs=1.5)
    assert person["box"] == pytest.approx((600, 270, 60, 130), abs=3)


def runs(toy_path: Path, photo: Image, closer_look: bool = True) -> list[int]:
    """The batches in which a photo was run."""
    session = GatedSession(toy_path)
    settings = Settings(model=toy_path, closer_look=closer_look)
    engine = gated_engine(session, settings)
    with serving(engine, settings) as client:
        assert client.post("/parse", content=png(photo)).status_code == 200
        found = samples(client)
        assert found[key("batch_photos_sum")] == len(session.batches)
        told = found[key("stage_seconds_sum", stage="device")]
        assert told == pytest.approx(found[key("device_seconds_total")]), "the time of all looks is told"
    engine.close()
    return session.batches


def test_only_that_costs_a_second_run_and_only_where_it_is_wanted(toy_path: Path) -> None:
    fills = paint(240, 320, {1: (20, 20, 200, 280)})
    assert runs(toy_path, SMALL) == [1, 1]
    assert runs(toy_path, fills) == [1]
    assert runs(toy_path, SMALL, closer_look=False) == [1]


@pytest.mark.parametrize("closer_look", [True, False])
def test_files_without_a_server_are_looked_at_closer_too(toy_path: Path, closer_look: bool) -> None:
    engine = Engine.start(Settings(model=toy_path, provider="cpu", lanes=1, closer_look=closer_look))
    mask = engine.analyze_here(png(SMALL), lambda analysis: analysis.mask)
    engine.close()
    assert (wrong(mask) < 760) == closer_look
