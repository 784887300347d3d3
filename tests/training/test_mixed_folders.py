import numpy as np
import pytest

from tests.helpers.drawings import draw_people
from training.data.mixed_folders import MixedFolders, open_data
from training.data.prepared_folder import PreparedFolder
from training.data.sampler import RareLabelSampler
from training.labels.label_set import LabelSet
from training.labels.lip import LIP
from training.networks.presets import load_recipe


@pytest.fixture
def folders(tmp_path):
    roots = [tmp_path / "photos", tmp_path / "rendered"]
    for root in roots:
        root.mkdir()
    return [draw_people(root) for root in roots]


def test_training_samples_come_from_all_folders_validation_from_the_first(folders):
    mixed = MixedFolders(folders)
    first, second = (folder.names("train") for folder in folders)
    assert mixed.names("train") == [f"0/{name}" for name in first] + [f"1/{name}" for name in second]
    assert mixed.names("val") == [f"0/{name}" for name in folders[0].names("val")]


def test_a_sample_is_read_from_its_own_folder(folders):
    name = folders[1].names("train")[0]
    mixed = MixedFolders(folders)
    assert (mixed.read(f"1/{name}").labels == folders[1].read(name).labels).all()
    assert mixed.pixel_counts(f"1/{name}") == folders[1].pixel_counts(name)


def test_each_folder_gets_its_share_of_the_draws(folders):
    """Two photos, one of them rare, and four rendered people: 70 % and 30 %."""
    mixed = MixedFolders(folders, (0.7, 0.3))
    names = ["0/a", "0/b", "1/a", "1/b", "1/c", "1/d"]
    factors = mixed.weighted(np.array([3.0, 1, 1, 1, 1, 1]), names)
    assert factors == pytest.approx([0.525, 0.175, 0.075, 0.075, 0.075, 0.075])


def test_the_sampler_draws_by_those_shares(folders):
    mixed = MixedFolders(folders, (0.7, 0.3))
    names = [f"0/{k}" for k in range(100)] + [f"1/{k}" for k in range(1900)]
    sampler = RareLabelSampler(mixed.weighted(np.ones(2000), names), seed=1, rank=0, world_size=1)
    assert np.mean([draw.photo < 100 for draw in sampler]) == pytest.approx(0.7, abs=0.04)


def test_without_shares_every_sample_is_as_likely(folders):
    factors = np.array([3.0, 1])
    assert MixedFolders(folders).weighted(factors, ["0/a", "1/a"]) is factors


def test_folders_and_shares_must_match(folders):
    with pytest.raises(ValueError, match=r"mixes 3 folders .* names 2"):
        MixedFolders(folders, (0.2, 0.3, 0.5))


def test_folders_of_other_labels_cannot_be_mixed(folders):
    other = LIP.model_copy(update={"name": "other"})
    (folders[1].root / "labels.toml").write_text(other.to_toml())
    with pytest.raises(ValueError, match="several label sets"):
        MixedFolders([PreparedFolder(folder.root) for folder in folders])


def test_one_folder_is_itself(folders):
    assert type(open_data([folders[0].root], ())) is PreparedFolder
    with pytest.raises(ValueError, match=r"mixes 2 folders .* names 1"):
        open_data([folders[0].root], (0.7, 0.3))


def test_the_card_names_all_data(folders):
    info = MixedFolders(folders).info
    assert info.name == folders[0].info.name  # both are the same drawings


def test_the_preset_mixes_two_folders():
    assert sum(load_recipe("lite-rendered").sampling.shares) == pytest.approx(1)


class TestCoarseLabels:
    """Folders that were prepared before their label set had coarse labels are mixed with newer ones."""

    def mixed(self, folders, *coarse):
        for folder, own in zip(folders, coarse, strict=True):
            folder.__dict__["label_set"] = LabelSet(**(LIP.model_dump() | {"coarse": own}))
        return MixedFolders(folders)

    def test_the_mix_knows_the_coarse_labels_of_any_folder(self, folders):
        assert self.mixed(folders, {}, {"limbs": ("left-arm", "right-arm")}).label_set.coarse_id == {"limbs": 254}

    def test_two_folders_with_other_coarse_labels_cannot_be_mixed(self, folders):
        with pytest.raises(ValueError, match="other coarse labels"):
            self.mixed(folders, {"limbs": ("left-arm", "right-arm")}, {"legs": ("left-leg", "right-leg")})
