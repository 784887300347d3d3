import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.people import person
from training.augmentation.copy_paste import copy_paste
from training.augmentation.cutout import CutOut, cut_out, paste_behind, person_mask
from training.data.training_dataset import SampleDraw
from training.labels.lip import IGNORE, LABEL_ID
from training.networks.presets import load_recipe
from training.networks.registry import build_dataset

DRESS, COAT, HAT = LABEL_ID["dress"], LABEL_ID["coat"], LABEL_ID["hat"]


MAIN, OTHER = person(DRESS, (255, 0, 0)), person(COAT, (0, 255, 0), name="b")


class TestCutOut:
    def test_it_is_the_largest_blob_and_nothing_else(self):
        sample = person(COAT, (0, 255, 0))
        sample.labels[20:25, 0:5] = HAT  # somebody far away
        assert np.argwhere(person_mask(sample.labels)).min(0).tolist() == [20, 40]
        cut = cut_out(sample)
        assert cut.labels.shape == (60, 20)
        assert (cut.labels == COAT).all()
        assert (cut.mask == 255).all()
        assert not cut.reaches_down

    def test_a_person_whom_the_photo_cuts_off_reaches_down(self):
        assert cut_out(person(COAT, (0, 255, 0), rows=slice(50, 100))).reaches_down

    def test_where_much_is_unknown_nobody_is_cut_out(self):
        sample = person(COAT, (0, 255, 0))
        sample.labels[:, :20] = IGNORE
        assert cut_out(sample) is None

    def test_nobody_and_next_to_nobody_are_not_cut_out(self):
        assert cut_out(person(0, (0, 0, 0))) is None
        assert cut_out(person(COAT, (0, 255, 0), slice(20, 30), slice(40, 50))) is None


class TestPaste:
    def cut(self):
        return CutOut(OTHER.image[20:80, 40:60], OTHER.labels[20:80, 40:60], np.full((60, 20), 255, np.uint8), False)

    def test_the_main_person_stays_in_front(self):
        both = paste_behind(MAIN, self.cut(), x=50, y=30)
        assert (both.labels[20:80, 40:60] == DRESS).all()
        assert (both.image[20:80, 40:60] == (255, 0, 0)).all()
        assert (both.labels[30:90, 60:70] == COAT).all()
        assert (both.image[30:90, 60:70] == (0, 255, 0)).all()
        assert (both.labels == COAT).sum() == 60 * 10 + 10 * 10  # beside the main person, and below the feet
        assert (both.joints == MAIN.joints).all()

    @pytest.mark.parametrize(("x", "y", "seen"), [(-15, 10, 5 * 60), (95, 90, 5 * 10), (100, 0, 0), (0, -60, 0)])
    @pytest.mark.parametrize("further", [0, 7])
    def test_the_photo_cuts_off_what_does_not_fit(self, x, y, seen, further):
        if not seen:  # wholly outside, just so or by more
            x, y = x + (further if x else 0), y - (further if y else 0)
        assert (paste_behind(MAIN, self.cut(), x, y).labels == COAT).sum() == seen

    def test_unknown_pixels_stay_as_they_are(self):
        sample = person(DRESS, (255, 0, 0))
        sample.labels[:, 70:] = IGNORE
        both = paste_behind(sample, self.cut(), 65, 0)
        assert (both.labels[:, 70:] == IGNORE).all()
        assert (both.image[:, 70:] == 0).all()
        assert (both.labels[:60, 65:70] == COAT).all()


class TestCompany:
    @given(st.integers(0, 10_000))
    def test_both_are_there_and_the_main_person_is_unchanged(self, seed):
        both = copy_paste(MAIN, OTHER, np.random.default_rng(seed))
        main = MAIN.labels == DRESS
        assert (both.labels[main] == DRESS).all()
        assert (both.image[main] == MAIN.image[main]).all()
        assert set(np.unique(both.labels)) == {0, DRESS, COAT}
        assert (both.joints == MAIN.joints).all()
        green = both.image[..., 1] > 127
        assert (green == (both.labels == COAT)).all()

    def test_nobody_gets_no_company_and_nobody_is_none(self):
        nobody = person(0, (0, 0, 0))
        assert copy_paste(nobody, OTHER, np.random.default_rng(0)) is nobody
        assert copy_paste(MAIN, nobody, np.random.default_rng(0)) is MAIN


def test_a_draw_with_company_is_always_the_same_view(folder):
    recipe = load_recipe("lite")
    together = recipe.model_copy(update={"augmentation": recipe.augmentation.model_copy(update={"copy_paste": 1.0})})
    names = folder.names("train")
    views = [build_dataset(each, folder, names)[SampleDraw(1, 99)] for each in (together, together, recipe)]
    for a, b in zip(views[0], views[1], strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=0)
