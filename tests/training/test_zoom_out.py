"""People in the distance: cut out, small, before another photo's background."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.people import person
from training.augmentation.cutout import person_mask
from training.augmentation.zoom_out import HEIGHT, PERSON_SHARES, zoom_out
from training.labels.lip import IGNORE, LABEL_ID

DRESS = LABEL_ID["dress"]
MAIN = person(DRESS, (255, 0, 0))
STREET = person(0, (0, 0, 255), slice(0, 100), slice(0, 100), name="street")
seeds = st.integers(0, 2**32)


@given(seeds)
def test_the_person_is_small_whole_and_elsewhere(seed):
    far = zoom_out(MAIN, STREET, np.random.default_rng(seed))
    body = person_mask(far.labels)
    rows, columns = np.nonzero(body)
    height, width = body.shape
    tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert height == HEIGHT
    assert max(tall / height, wide / width) <= max(PERSON_SHARES) + 2 / HEIGHT
    assert max(tall / height, wide / width) >= min(PERSON_SHARES) - 2 / HEIGHT
    assert 2.5 < tall / wide < 3.5, "20 × 60 pixels before"
    assert set(np.unique(far.labels)) == {0, DRESS}
    inside = body & (far.image[..., 0] > 250)
    assert inside.sum() > 0.8 * body.sum(), "all but the feathered border has the person's colour"
    assert (far.image[~body][:, 2] > 120).mean() > 0.99, "and the rest the street's"


@given(seeds)
def test_joints_stay_on_the_person(seed):
    far = zoom_out(MAIN, STREET, np.random.default_rng(seed))
    rows, columns = np.nonzero(person_mask(far.labels))
    middle = (columns.min() + columns.max()) / 2, (rows.min() + rows.max()) / 2
    # The sample's joints lie half a pixel beside its person's middle, which is up to 3.9 times as large now.
    np.testing.assert_allclose(far.joints[:, :2], np.tile(middle, (16, 1)), atol=3)
    np.testing.assert_array_equal(far.joints[:, 2], 1)


@given(seeds)
def test_who_is_cut_off_below_stands_at_the_pictures_lower_edge(seed):
    far = zoom_out(person(DRESS, (255, 0, 0), rows=slice(40, 100)), STREET, np.random.default_rng(seed))
    assert person_mask(far.labels)[-1].any()


RNG = np.random.default_rng(0)


def test_without_a_person_or_a_place_the_sample_stays():
    crowded = person(DRESS, (0, 255, 0), slice(0, 100), slice(0, 100))
    unknown = person(IGNORE, (0, 255, 0), slice(0, 100), slice(0, 100))
    assert zoom_out(MAIN, crowded, RNG) is MAIN
    assert zoom_out(MAIN, unknown, RNG) is MAIN
    assert zoom_out(STREET, MAIN, RNG) is STREET


def test_who_is_cut_off_at_a_side_or_in_pieces_stays_where_they_are():
    cut_off = person(DRESS, (255, 0, 0), columns=slice(0, 20))
    assert zoom_out(cut_off, STREET, RNG) is cut_off
    in_pieces = person(DRESS, (255, 0, 0))
    in_pieces.joints[3, :2] = (50, 90)
    assert zoom_out(in_pieces, STREET, RNG) is in_pieces
    in_pieces.joints[3, :2] = np.nan
    assert zoom_out(in_pieces, STREET, RNG) is not in_pieces, "a joint that nobody marked says nothing"
