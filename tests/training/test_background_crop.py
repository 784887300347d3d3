import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.people import no_other_sample
from training.augmentation.augment import augment
from training.augmentation.background_crop import background_crop
from training.data.sample import ABSENT, Sample
from training.labels.lip import IGNORE, LABEL_ID, LIP
from training.networks.presets import load_recipe

EVERY_VIEW = load_recipe("lite").augmentation.model_copy(update={"background_crop": 1.0, "copy_paste": 0.0})


def person_in_the_middle(beside=0):
    """A red person (joints marked) on columns 40–59 of a 100 × 100 photo that is green elsewhere."""
    image = np.zeros((100, 100, 3), np.uint8)
    image[..., 1] = 255
    labels = np.full((100, 100), beside, np.uint8)
    image[:, 40:60] = (255, 0, 0)
    labels[:, 40:60] = LABEL_ID["dress"]
    return Sample("a", image, labels, np.full((16, 3), (50, 50, 1), np.float32), "CC0")


@given(st.integers(0, 10_000))
def test_the_part_shows_nobody_and_is_not_tiny(seed):
    part = background_crop(person_in_the_middle(), np.random.default_rng(seed))
    if part is not None:
        assert (part.image == (0, 255, 0)).all()
        assert (part.labels == 0).all()
        assert min(part.labels.shape) >= 20
        assert part.image.shape[:2] == part.labels.shape
        assert np.isnan(part.joints[:, :2]).all()
        assert (part.joints[:, 2] == ABSENT).all()


def test_most_photos_with_free_sides_have_such_a_part():
    found = [background_crop(person_in_the_middle(), np.random.default_rng(seed)) for seed in range(100)]
    assert sum(part is not None for part in found) > 60


@pytest.mark.parametrize("beside", [LABEL_ID["dress"], IGNORE])
def test_a_photo_full_of_people_or_of_unknown_pixels_has_none(beside):
    sample = person_in_the_middle(beside)
    assert not any(background_crop(sample, np.random.default_rng(seed)) for seed in range(50))


def test_the_view_of_such_a_part_has_background_and_absent_joints_only():
    sample = person_in_the_middle()
    rng = np.random.default_rng(8)
    views = [augment(sample, EVERY_VIEW, 64, 64, LIP, rng, no_other_sample) for _ in range(30)]
    empty = [(labels, joints) for _, labels, joints in views if set(np.unique(labels)) <= {0, IGNORE}]
    assert len(empty) > 15
    for _, joints in empty:
        assert (joints[:, 2] == ABSENT).all()
