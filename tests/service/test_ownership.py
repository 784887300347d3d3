"""Whose the cells of a crop are, where a neighbour is in it, too."""

import numpy as np
import numpy.typing as npt

from service.engine.model.session import Prediction
from service.engine.photo.ownership import ownership
from service.engine.photo.view import View
from service.imaging.box import Box
from service.imaging.fit import plan_fit
from tests.helpers.toy_model import HEIGHT, JOINTS, STRIDE, WIDTH

GRID = (HEIGHT // STRIDE, WIDTH // STRIDE)


def view(*labelled: Box, at: tuple[int, int] = (0, 0)) -> View:
    """A crop of 240×320, in which a cell is 10×10 pixels; boxes of cells have a label."""
    labels = np.zeros(GRID, np.uint8)
    for cells in labelled:
        labels[cells.area] = 1
    prediction = Prediction(labels, np.full(GRID, 255, np.uint8), np.zeros((len(JOINTS), 3), np.float32))
    return View(Box(*at, 240, 320), plan_fit((320, 240), (HEIGHT, WIDTH), "letterbox"), prediction)


def owned(person: Box, others: list[Box], *labelled: Box, at: tuple[int, int] = (0, 0)) -> npt.NDArray[np.float32]:
    return ownership(view(*labelled, at=at), person, others)


def test_the_middle_of_the_box_is_ones_own_and_the_rim_half() -> None:
    whole = owned(Box(40, 60, 160, 200), [], Box(0, 0, 24, 32))
    assert whole[16, 12] > 0.99
    assert abs(whole[16, 4] - 0.5) < 0.06
    assert whole[16, 0] < whole[16, 4] < whole[16, 8] < whole[16, 12]


def test_it_is_reckoned_in_pixels_of_the_photo() -> None:
    person = Box(40, 60, 160, 200)
    here = owned(person, [], Box(0, 0, 24, 32))
    np.testing.assert_allclose(owned(person.moved(500, 70), [], Box(0, 0, 24, 32), at=(500, 70)), here)


def test_a_piece_in_anothers_box_that_does_not_touch_ones_middle_is_the_others() -> None:
    own, piece = Box(8, 8, 8, 20), Box(19, 8, 4, 12)
    person, neighbour = Box(60, 60, 160, 220), Box(180, 60, 60, 200)
    shared = owned(person, [neighbour], own, piece)
    assert (shared[piece.area] == 0).all()
    assert (shared[own.area] > 0).all()
    alone = owned(person, [], own, piece)
    assert (alone[piece.area] > 0).all(), "without a neighbour, a hand that is apart stays"


def test_what_reaches_from_ones_middle_into_anothers_box_stays_in_question() -> None:
    arm = Box(8, 12, 15, 4)
    shared = owned(Box(60, 60, 160, 220), [Box(180, 60, 60, 200)], arm)
    assert (shared[arm.area] > 0).all()
