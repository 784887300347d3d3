"""The label grid becomes a label map of the photo's size: in the right place, with smooth borders, without padding."""

import tracemalloc
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from service.engine.model.card import read_card
from service.engine.model.session import Session
from service.imaging.decode import decode
from service.imaging.fit import Fit, fit_photo, plan_fit
from service.imaging.label_map import label_map
from service.imaging.mask import Grid, cut_padding
from service.settings import MODELS

ROOT: Final = Path(__file__).parents[2]
Image = npt.NDArray[np.uint8]


def enlarge(labels: Image, confidence: Image | None, fit: Fit) -> Image:
    if confidence is None:
        confidence = np.full_like(labels, 255)
    return label_map(cut_padding(labels, confidence, fit), fit)


def seen_by_a_network(inside: npt.NDArray[np.bool_], cell: int) -> tuple[Image, Image]:
    """Labels and confidences of a network that sees what share of each cell lies inside a shape."""
    rows, columns = inside.shape[0] // cell, inside.shape[1] // cell
    share = inside.reshape(rows, cell, columns, cell).mean((1, 3))
    confidence = np.round(255 * np.maximum(share, 1 - share)).astype(np.uint8)
    return (share > 0.5).astype(np.uint8), confidence


def test_a_grid_of_the_photos_own_size_comes_back_unchanged() -> None:
    labels = np.random.default_rng(1).integers(0, 5, (32, 24), dtype=np.uint8)
    fit = plan_fit((32, 24), (32, 24), "letterbox")
    np.testing.assert_array_equal(enlarge(labels, None, fit), labels)


def test_an_edge_between_cells_lies_half_way_between_their_centres() -> None:
    labels = np.zeros((8, 8), np.uint8)
    labels[:, 3:] = 2
    big = enlarge(labels, None, plan_fit((80, 80), (8, 8), "letterbox"))
    assert (big[:, :30] == 0).all()
    assert (big[:, 30:] == 2).all()


def test_confidence_moves_the_edge_within_the_cell() -> None:
    """The cell left of the edge is 60 % sure: 40 % of it is the neighbour's, and so the edge lies in it."""
    labels, confidence = np.zeros((4, 8), np.uint8), np.full((4, 8), 255, np.uint8)
    labels[:, 4:] = 1
    confidence[:, 3] = 153
    big = enlarge(labels, confidence, plan_fit((40, 80), (4, 8), "letterbox"))
    # Between the centres of cells 3 (x = 34.5; 0.6 to 0.4) and 4 (x = 44.5; 0 to 1) they are even at 34.5 + 10 / 6.
    assert (big[:, :37] == 0).all()
    assert (big[:, 37:] == 1).all()


def test_a_disk_twenty_times_enlarged_has_a_smooth_border() -> None:
    y, x = np.mgrid[:640, :640]
    disk = (x - 320.3) ** 2 + (y - 310.8) ** 2 < 200.0**2
    labels, confidence = seen_by_a_network(disk, 20)
    smooth = enlarge(labels, confidence, plan_fit((640, 640), (32, 32), "letterbox")) == 1
    blocks = np.kron(labels, np.ones((20, 20), np.uint8)) == 1
    wrong, wrong_in_blocks = int((smooth ^ disk).sum()), int((blocks ^ disk).sum())
    assert wrong < wrong_in_blocks / 5
    jumps = np.abs(np.diff([np.flatnonzero(row)[0] for row in smooth[170:450]]))
    assert jumps.max() <= 3, "the border jumps where a circle does not"


def test_an_unsure_network_gets_smooth_borders_as_well() -> None:
    """Where no label has even a third, neither side of a border may tie, or it would follow the cells' outlines."""
    y, x = np.mgrid[:640, :640]
    labels, _ = seen_by_a_network((x - 320.3) ** 2 + (y - 310.8) ** 2 < 200.0**2, 20)
    fit = plan_fit((640, 640), (32, 32), "letterbox")
    unsure, certain = enlarge(labels, np.full_like(labels, 77), fit), enlarge(labels, None, fit)
    blocks = np.kron(labels, np.ones((20, 20), np.uint8))
    assert (unsure != certain).sum() < (blocks != certain).sum() / 3


def test_a_part_one_cell_wide_survives() -> None:
    labels = np.zeros((16, 16), np.uint8)
    labels[:, 7] = 3
    big = enlarge(labels, None, plan_fit((160, 160), (16, 16), "letterbox"))
    assert (big[:, 70:80] == 3).all()
    assert (big == 3).sum() == 10 * 160


def test_where_three_labels_meet_each_keeps_its_side_and_no_other_appears() -> None:
    labels = np.full((8, 8), 1, np.uint8)
    labels[:, 4:] = 7
    labels[4:] = 19
    big = enlarge(labels, None, plan_fit((80, 80), (8, 8), "letterbox"))
    assert set(np.unique(big)) == {1, 7, 19}
    assert (big[:39, :39] == 1).all()
    assert (big[:39, 41:] == 7).all()
    assert (big[41:] == 19).all()


def test_padding_never_reaches_the_photo() -> None:
    """The padding is labelled 9 all over; not a pixel of the photo is."""
    fit = plan_fit((100, 37), (64, 48), "letterbox")
    labels = np.full((64, 48), 9, np.uint8)
    labels[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width] = 4
    assert (enlarge(labels, None, fit) == 4).all()


def test_a_coarser_grid_whose_cells_straddle_the_padding_is_placed_exactly() -> None:
    # The photo starts at input pixel 11, in the middle of cell 5 of a grid of half the input's width.
    fit = plan_fit((2560, 1700), (256, 192), "letterbox")
    assert fit.left == 11
    labels = np.zeros((128, 96), np.uint8)
    labels[:, 48:] = 1  # from input pixel 96 on: at 850 in the photo
    big = enlarge(labels, None, fit)
    assert big.shape == (2560, 1700)
    assert (big[:, :850] == 0).all()
    assert (big[:, 850:] == 1).all()


@settings(max_examples=60)
@given(st.integers(1, 150), st.integers(1, 150), st.sampled_from([1, 2, 4]), st.integers(0, 2**32 - 1), st.booleans())
def test_any_shape_gives_a_map_of_its_size_with_labels_of_the_grid_only(
    width: int, height: int, stride: int, seed: int, letterbox: bool
) -> None:
    random = np.random.default_rng(seed)
    fit = plan_fit((height, width), (64, 48), "letterbox" if letterbox else "squash")
    labels = random.integers(0, 6, (64 // stride, 48 // stride), dtype=np.uint8)
    confidence = random.integers(60, 256, labels.shape, dtype=np.uint8)
    big = enlarge(labels, confidence, fit)
    assert big.shape == (height, width)
    assert set(np.unique(big)) <= set(np.unique(labels))


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_each_pixel_gets_the_label_with_the_largest_interpolated_membership(seed: int) -> None:
    """Against a slow reference that interpolates a plane per label over the whole photo in double precision."""
    random = np.random.default_rng(seed)
    coarse = random.integers(0, 4, (3, 3), dtype=np.uint8)
    labels = np.kron(coarse, np.ones((3, 3), np.uint8))
    fit = plan_fit((63, 63), (9, 9), "letterbox")
    big = enlarge(labels, None, fit)

    at = np.clip((np.arange(63) + 0.5) / 7 - 0.5, 0, 8)
    low = np.minimum(at.astype(int), 7)
    weights = np.zeros((63, 9))
    weights[np.arange(63), low], weights[np.arange(63), low + 1] = 1 - (at - low), at - low
    planes = np.stack([weights @ (labels == label) @ weights.T for label in range(4)])
    ranked = np.sort(planes, axis=0)
    clear = ranked[-1] - ranked[-2] > 0.02  # closer than that, 8 bits may decide otherwise
    assert (big == planes.argmax(0))[clear].all()
    assert clear.mean() > 0.8


def plain_label_map(grid: Grid, fit: Fit) -> tuple[Image, npt.NDArray[np.float64]]:
    """The label with the strongest membership, the lowest of equal ones, by its definition: a plane for each label,
    over the whole photo and in double precision; and by how many steps of 65,535 it is ahead of the next."""
    rows, columns = grid.labels.shape
    down = weights(fit.photo_height, grid.step_y, grid.start_y, rows)
    across = weights(fit.photo_width, grid.step_x, grid.start_x, columns)
    planes = np.zeros((256, fit.photo_height, fit.photo_width))
    labels = np.where(grid.confidence, grid.labels, 0)
    for label in {0, *grid.present()}:
        members = labels == label
        beside = cv2.dilate(members.view(np.uint8), np.ones((3, 3), np.uint8)) > 0
        left_open = np.minimum(255 - grid.confidence, np.rint(0.9 * grid.confidence)) * beside
        planes[label] = np.rint(down @ (257 * np.where(members, grid.confidence, left_open)) @ across.T)
    ranked = np.partition(planes, -2, axis=0)
    return planes.argmax(axis=0).astype(np.uint8), ranked[-1] - ranked[-2]


def weights(pixels: int, step: float, start: float, cells: int) -> npt.NDArray[np.float64]:
    """How much each cell counts at each pixel (pixels, cells); beyond the outermost centres those count alone."""
    places = np.clip(start + step * np.arange(pixels), 0, cells - 1)
    return np.maximum(0, 1 - np.abs(places[:, None] - np.arange(cells)))


@settings(max_examples=100)
@given(st.integers(1, 200), st.integers(1, 200), st.sampled_from([1, 2, 4]), st.integers(0, 2**32 - 1), st.booleans())
def test_the_labels_are_those_of_the_definition(
    width: int, height: int, stride: int, seed: int, letterbox: bool
) -> None:
    """Byte for byte, but where two labels are one step of 65,535 apart: there, the last bit of an interpolation
    decides. Patches of cells, so that borders, corners and insides all come, with confidences down to none."""
    random = np.random.default_rng(seed)
    fit = plan_fit((height, width), (64, 48), "letterbox" if letterbox else "squash")
    patches = random.integers(0, 6, (16 // stride, 12 // stride), dtype=np.uint8)
    labels = np.kron(patches, np.ones((4, 4), np.uint8))
    confidence = random.choice(np.array([0, 5, 60, 130, 200, 255], np.uint8), labels.shape)
    grid = cut_padding(labels, confidence, fit)
    expected, ahead = plain_label_map(grid, fit)
    assert not ((label_map(grid, fit) != expected) & (ahead > 1)).any()


def test_the_shipped_models_masks_are_those_of_the_definition() -> None:
    """Byte for byte, on what the model says of people of all sizes, in photos of many sizes and shapes."""
    model = Session(MODELS / "jppnet-lite.onnx", "cpu", 1)
    card = read_card(model.metadata, "jppnet-lite.onnx")
    portrait = decode((ROOT / "export" / "astronaut.jpg").read_bytes(), 10**6)
    for height, width in ((830, 550), (512, 512), (300, 500), (1000, 333)):
        photo = np.asarray(cv2.resize(portrait, (width, height)), np.uint8)
        fit = plan_fit((height, width), (model.input_height, model.input_width), card.fit)
        (prediction,) = model.run([fit_photo(photo, fit, card.pad_color)])
        grid = cut_padding(prediction.labels, prediction.confidence, fit)
        expected, _ = plain_label_map(grid, fit)
        assert len(grid.present()) > 3
        np.testing.assert_array_equal(label_map(grid, fit), expected)


def test_a_large_photo_takes_little_memory_beside_its_map() -> None:
    """However many labels meet in it."""
    labels = np.random.default_rng(3).integers(0, 20, (128, 96), dtype=np.uint8)
    fit = plan_fit((4000, 3000), (256, 192), "letterbox")
    grid = cut_padding(labels, np.full_like(labels, 200), fit)
    label_map(grid, fit)
    tracemalloc.start()
    big = label_map(grid, fit)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2 * big.nbytes


def test_nobody_is_all_background() -> None:
    assert not enlarge(np.zeros((8, 8), np.uint8), None, plan_fit((50, 30), (8, 8), "letterbox")).any()
