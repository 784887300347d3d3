import numpy as np
import pytest
import torch

from training.labels.label_set import IGNORE
from training.labels.lip import LABEL_ID, LIP
from training.losses.structure import center_maps, region_members, structure_distance

MEMBERS = region_members(LIP)
REGIONS = list(LIP.regions)


def photo(**boxes):
    """One label map (1, 20, 30): label name (with _ for -) → rows and columns that it fills."""
    labels = torch.zeros(1, 20, 30, dtype=torch.int64)
    for name, (top, bottom, left, right) in boxes.items():
        labels[0, top:bottom, left:right] = LABEL_ID[name.replace("_", "-")]
    return labels


def test_there_are_nine_regions_that_merge_what_belongs_together():
    assert len(REGIONS) == 9
    assert MEMBERS.sum() == 4 + 3 + 2 + 6
    assert MEMBERS[REGIONS.index("head"), LABEL_ID["hat"]]
    assert not MEMBERS[:, LABEL_ID["background"]].any()


def test_a_region_s_centre_is_that_of_all_its_labels():
    # Hat in rows 2–3, hair in rows 4–5, both in columns 10–12: together their middle is row 3.5, column 11.
    maps = center_maps(photo(hat=(2, 4, 10, 13), hair=(4, 6, 10, 13)), MEMBERS, sigma=2.0)
    head = maps[0, REGIONS.index("head")]
    assert head[3, 11] == pytest.approx(np.exp(-(0.5**2) / 8))
    assert head[4, 11] == pytest.approx(head[3, 11])
    assert head[3, 13] == pytest.approx(np.exp(-(0.5**2 + 2**2) / 8))
    assert maps[0, REGIONS.index("left-arm")].max() == 0


def test_equal_structure_has_no_distance_whatever_the_shape():
    small, large = photo(face=(8, 11, 8, 11)), photo(face=(6, 13, 6, 13))
    assert structure_distance(small, large, MEMBERS, 1.0).item() == pytest.approx(0, abs=1e-6)


def test_the_distance_by_hand():
    # One region is there. Far apart, each Gaussian keeps its own energy: Σ exp(−d²/σ²) = πσ², twice; halved: π.
    truth, predicted = photo(face=(4, 5, 4, 5)), photo(face=(15, 16, 25, 26))
    assert structure_distance(predicted, truth, MEMBERS, 1.0).item() == pytest.approx(np.pi, rel=1e-3)
    # Of two regions, one is right: half of it. A region that was not found costs its own energy alone.
    truth = photo(face=(4, 5, 4, 5), dress=(0, 2, 0, 2), pants=(15, 16, 25, 26))
    assert structure_distance(photo(face=(4, 5, 4, 5)), truth, MEMBERS, 1.0).item() == pytest.approx(
        np.pi / 4, rel=1e-3
    )


def test_each_photo_of_a_batch_has_its_own_distance():
    truth = torch.cat([photo(face=(4, 5, 4, 5))] * 2)
    predicted = torch.cat([photo(face=(4, 5, 4, 5)), photo()])
    assert structure_distance(predicted, truth, MEMBERS, 1.0).tolist() == pytest.approx([0, np.pi / 2], rel=1e-3)


def test_what_is_predicted_where_the_truth_is_unknown_does_not_count():
    truth, predicted = photo(face=(4, 5, 4, 5)), photo(face=(4, 5, 4, 5), pants=(10, 12, 10, 12))
    truth[0, 9:13, 9:13] = IGNORE
    assert structure_distance(predicted, truth, MEMBERS, 1.0).item() == pytest.approx(0, abs=1e-6)


def test_a_label_set_without_regions_is_refused():
    with pytest.raises(ValueError, match="names none"):
        region_members(LIP.model_copy(update={"regions": {}}))
