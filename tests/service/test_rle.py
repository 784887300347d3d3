"""Run-length encoding as pycocotools does it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.imaging.rle import encode_labels
from tests.helpers.plain_rle import decode

Image = np.ndarray[tuple[int, int], np.dtype[np.uint8]]

label_maps = arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40)), elements=st.integers(0, 3))


@pytest.mark.parametrize(
    ("ids", "counts"),
    [
        ([[0, 0], [0, 0]], "4"),
        ([[1, 1], [1, 1]], "04"),
        ([[0, 1], [0, 1]], "22"),
        ([[1, 0], [0, 1]], "0120"),  # the last run is stored as 1 − 1
    ],
)
def test_small_masks_as_pycocotools_encodes_them(ids: list[list[int]], counts: str) -> None:
    assert encode_labels(np.array(ids, np.uint8), [1]) == {1: counts}


def test_a_mask_with_long_runs_as_pycocotools_encodes_it() -> None:
    ids = np.zeros((40, 50), np.uint8)
    ids[5:35, 10:30] = ids[0, 0] = ids[39, 49] = 1
    assert encode_labels(ids, [1])[1] == "01d<m0fC0000000000000000000000000000000000000jh0SO"


@given(label_maps)
def test_every_label_decodes_to_its_own_pixels(ids: Image) -> None:
    for label, counts in encode_labels(ids, range(5)).items():
        np.testing.assert_array_equal(decode(counts, *ids.shape), ids == label)


@given(label_maps)
def test_pycocotools_reads_and_writes_the_same(ids: Image) -> None:
    mask = pytest.importorskip("pycocotools.mask")
    for label, counts in encode_labels(ids, range(5)).items():
        theirs = mask.encode(np.asfortranarray(ids == label, np.uint8))
        assert theirs == {"size": list(ids.shape), "counts": counts.encode()}


def test_runs_of_many_thousand_pixels() -> None:
    ids = np.zeros((30_000, 20), np.uint8)
    ids[17:, 3:18] = 2
    np.testing.assert_array_equal(decode(encode_labels(ids, [2])[2], *ids.shape), ids == 2)
