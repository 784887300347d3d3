"""LIP's published folders → samples, with everything that is missing or broken named."""

import cv2
import numpy as np
import pytest

from training.data.adapters.lip import LookIntoPerson, parse_joints
from training.data.preparation import prepare
from training.data.sample import BrokenSampleError
from training.labels.lip import JOINT_ID

UNMARKED = "nan,nan,nan"


def pose_row(name, first="30,40,0", second="31.5,20,1"):
    """A CSV row: right ankle, right knee, and fourteen joints that nobody marked."""
    return ",".join([f"{name}.jpg", first, second, *[UNMARKED] * 14])


@pytest.fixture
def root(tmp_path):
    """A LIP of three photos, in the folders that the archives unpack to."""
    images, labels, poses = (
        tmp_path / f"TrainVal_{part}" for part in ("images", "parsing_annotations", "pose_annotations")
    )
    poses.mkdir()
    for split, names in {"train": ["77_471474", "90_1"], "val": ["36_454991"]}.items():
        (images / f"{split}_images").mkdir(parents=True)
        (labels / f"{split}_segmentations").mkdir(parents=True)
        for name in names:
            cv2.imwrite(str(images / f"{split}_images" / f"{name}.jpg"), np.full((50, 40, 3), (0, 0, 255), np.uint8))
            label_map = np.zeros((50, 40), np.uint8)
            label_map[10:20] = 5
            label_map[0] = 255
            cv2.imwrite(str(labels / f"{split}_segmentations" / f"{name}.png"), label_map)
        (images / f"{split}_id.txt").write_text("".join(f"{name}\n" for name in names))
        (poses / f"lip_{split}_set.csv").write_text("".join(f"{pose_row(name)}\n" for name in names))
    return tmp_path


def segmentation(root, name="77_471474"):
    return root / "TrainVal_parsing_annotations" / "train_segmentations" / f"{name}.png"


def test_splits_are_the_published_lists(root):
    assert LookIntoPerson(root).splits() == {"train": ["77_471474", "90_1"], "val": ["36_454991"]}


def test_a_sample_holds_photo_labels_and_joints(root):
    sample = LookIntoPerson(root).read("36_454991")
    assert sample.image.shape == (50, 40, 3)
    assert sample.image[0, 0, 0] > 250  # red comes first
    assert sorted(set(sample.labels.flatten().tolist())) == [0, 5, 255]
    assert sample.joints.shape == (16, 3)


def test_visible_is_zero_in_the_file_and_one_in_the_sample(root):
    joints = LookIntoPerson(root).read("36_454991").joints
    assert joints[JOINT_ID["right-ankle"]].tolist() == [30, 40, 1]
    assert joints[JOINT_ID["right-knee"]].tolist() == [31.5, 20, 0]
    assert np.isnan(joints[2:]).all()


def test_a_joint_with_one_nan_is_unmarked():
    joints = parse_joints("1_2", pose_row("1_2", first="nan,40,0").split(",")[1:])
    assert np.isnan(joints[0]).all()


def test_archives_that_hold_a_folder_of_their_own_name_are_found(root):
    folder = root / "TrainVal_images"
    (folder / "TrainVal_images").mkdir()
    for split in ("train", "val"):
        (folder / f"{split}_images").rename(folder / "TrainVal_images" / f"{split}_images")
    assert LookIntoPerson(root).read("90_1").image.shape == (50, 40, 3)


def test_all_that_is_missing_is_named_at_once(root):
    (root / "TrainVal_images" / "val_id.txt").unlink()
    (root / "TrainVal_pose_annotations" / "lip_train_set.csv").unlink()
    with pytest.raises(FileNotFoundError) as error:
        LookIntoPerson(root)
    assert str(error.value).splitlines()[1:] == [
        "  val_id.txt (archive TrainVal_images)",
        "  lip_train_set.csv (archive TrainVal_pose_annotations)",
    ]


def test_a_grey_map_stored_in_colour_is_read(root):
    grey = cv2.imread(str(segmentation(root)), cv2.IMREAD_UNCHANGED)
    cv2.imwrite(str(segmentation(root)), cv2.merge([grey, grey, grey]))
    np.testing.assert_array_equal(LookIntoPerson(root).read("77_471474").labels, grey)


@pytest.mark.parametrize(
    ("label_map", "reason"),
    [
        (np.zeros((50, 41), np.uint8), "differ in size"),
        (np.tile(np.uint8([1, 2, 3]), (50, 40, 1)), "in colour"),
        (np.zeros((50, 40), np.uint16), "not an 8-bit"),
    ],
)
def test_a_label_map_that_cannot_be_right_is_refused(root, label_map, reason):
    cv2.imwrite(str(segmentation(root)), label_map)
    with pytest.raises(BrokenSampleError, match=reason):
        LookIntoPerson(root).read("77_471474")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("other.jpg" + ",0" * 48, r"77_471474: no row in lip_train_set\.csv"),
        ("77_471474.jpg,1,2,0", "not 48 numbers: 1,2,0"),
        (pose_row("77_471474", first="3,four,0"), "not 48 numbers"),
        (pose_row("77_471474", first="3,4,2"), "visibility must be 0, 1 or nan"),
    ],
)
def test_a_pose_that_cannot_be_right_is_refused(root, row, reason):
    (root / "TrainVal_pose_annotations" / "lip_train_set.csv").write_text(f"{row}\n")
    with pytest.raises(BrokenSampleError, match=reason):
        LookIntoPerson(root).read("77_471474")


def test_prepare_refuses_a_label_that_lip_does_not_have(root, tmp_path):
    cv2.imwrite(str(segmentation(root, "90_1")), np.full((50, 40), 20, np.uint8))
    (reason,) = prepare(LookIntoPerson(root), tmp_path / "prepared")
    assert reason.startswith("90_1: label ids that LIP does not have: [20]")


def test_prepare_skips_and_names_what_is_broken(root, tmp_path):
    segmentation(root, "90_1").unlink()
    (reason,) = prepare(LookIntoPerson(root), tmp_path / "prepared")
    assert "90_1.png: missing" in reason
    assert (tmp_path / "prepared" / "train.txt").read_text() == "77_471474\n"
    assert (tmp_path / "prepared" / "val.txt").read_text() == "36_454991\n"
