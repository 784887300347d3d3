import cv2
import numpy as np
import pytest

from training.data.preparation import prepare
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, DatasetInfo, Sample, no_joints
from training.data.sample_check import require_usable
from training.labels.lip import LIP


class TwoPhotos:
    """A data set of one good photo and one whose label map has another size."""

    info = DatasetInfo("two photos", "CC0", "made here")
    label_set = LIP

    def __init__(self, root):
        self.root = root
        self.read_names = []
        cv2.imwrite(str(self.photo("good")), np.full((6, 4, 3), 200, np.uint8))
        cv2.imwrite(str(self.photo("bad")), np.zeros((6, 4, 3), np.uint8))

    def splits(self):
        return {"train": ["good", "bad"], "val": ["good"]}

    def photo(self, name):
        return self.root / f"{name}.jpg"

    def read(self, name):
        self.read_names.append(name)
        if name == "bad":
            raise BrokenSampleError("bad: no annotation")
        joints = no_joints()
        joints[3] = (1.5, 2.25, 1)
        labels = np.full((6, 4), 7, np.uint8)
        labels[0] = 255
        return Sample(name, np.full((6, 4, 3), 200, np.uint8), labels, joints, self.info.licence)


@pytest.fixture
def prepared(tmp_path):
    (tmp_path / "source").mkdir()
    adapter = TwoPhotos(tmp_path / "source")
    return adapter, PreparedFolder(tmp_path / "out"), prepare(adapter, tmp_path / "out")


def test_a_sample_comes_back_as_it_was_written(prepared):
    _, folder, _ = prepared
    sample = folder.read("good")
    assert sample.image.shape == (6, 4, 3)
    assert (sample.labels[1:] == 7).all()
    assert sample.joints[3].tolist() == [1.5, 2.25, 1]
    assert np.isnan(sample.joints[0]).all()
    assert sample.licence == "CC0"
    assert folder.pixel_counts("good") == {7: 20, 255: 4}


def test_the_photo_is_copied_not_encoded_again(prepared):
    adapter, folder, _ = prepared
    assert (folder.root / "images" / "good.jpg").read_bytes() == adapter.photo("good").read_bytes()


def test_a_broken_sample_is_named_and_skipped(prepared):
    _, folder, skipped = prepared
    assert skipped == ["bad: no annotation"]
    assert folder.names("train") == ["good"]


def test_preparing_again_does_only_what_is_missing(prepared):
    adapter, folder, _ = prepared
    adapter.read_names.clear()
    prepare(adapter, folder.root)
    assert adapter.read_names == ["bad"]
    assert folder.names("val") == ["good"]


def test_a_truncated_photo_is_a_broken_sample(prepared):
    _, folder, _ = prepared
    (folder.root / "images" / "good.jpg").write_bytes(b"\xff\xd8not much")
    with pytest.raises(BrokenSampleError, match="good"):
        folder.read("good")


def test_a_folder_that_was_never_prepared_says_what_to_do(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"training\.prepare"):
        _ = PreparedFolder(tmp_path).info


@pytest.mark.parametrize(
    ("size", "label", "joints", "reason"),
    [
        ((6, 5), 7, 16, r"photo \(6, 4\) and labels \(6, 5\) differ in size"),
        ((6, 4), 20, 16, r"label ids that LIP does not have: \[20\]"),
        ((6, 4), 7, 15, "15 joints, LIP has 16"),
    ],
)
def test_a_sample_that_does_not_fit_the_label_set_is_broken(size, label, joints, reason):
    image = np.zeros((6, 4, 3), np.uint8)
    with pytest.raises(BrokenSampleError, match=reason):
        require_usable(Sample("odd", image, np.full(size, label, np.uint8), no_joints(joints), "CC0"), LIP)
