"""``training.prepare check``: everything that is wrong with a folder; and names with spaces."""

import json
import shutil

import cv2
import numpy as np
import pytest

from tests.helpers.commands import run_command
from training.data.folder_check import folder_faults
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError


@pytest.fixture
def copy(folder, tmp_path):
    """The drawings' folder, to be broken."""
    return PreparedFolder(shutil.copytree(folder.root, tmp_path / "data"))


def write_labels(folder, name, labels):
    cv2.imwrite(str(folder.root / "labels" / f"{name}.png"), labels)


def write_joints(folder, name, joints):
    path = folder.root / "joints" / f"{name}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"joints": joints}))


def check(root):
    with pytest.raises(SystemExit) as end:
        run_command("training.prepare", "check", root)
    return end.value.code


def test_nothing_is_wrong_with_a_prepared_folder(copy, capsys):
    assert check(copy.root) == 0
    assert "nothing is wrong" in capsys.readouterr().out


def test_everything_that_is_wrong_is_listed_at_once(copy, capsys):
    root = copy.root
    (root / "dataset.json").write_text('{"name": "mine"}')
    (root / "train.txt").write_text("0\n0\n1\n2\n3\nabsent\n")
    (root / "val.txt").write_text("3\n5\n")
    photo = (root / "images" / "0.jpg").read_bytes()
    (root / "images" / "0.jpg").write_bytes(photo[:-200])
    labels = np.full((96, 72), 77, np.uint8)
    write_labels(copy, "1", labels)
    write_joints(copy, "2", [[9000, 40, 1], *[None] * 15])
    write_joints(copy, "5", [None] * 14)
    assert check(root) == 1
    listed = capsys.readouterr().out
    for sentence in (
        "dataset.json must have exactly the keys licence, name, source",
        "train.txt names 0 2 times",
        "3 is in train.txt and in val.txt",
        "0.jpg: cut off, the file ends before its picture does",
        "1: label ids that LIP does not have: [77] (it has 0–19, and 255 for unknown)",
        '1: "pixels" in its joints file is not what its label map holds',
        "2: joints far outside the photo of 72×96: right-ankle at (9000, 40)",
        "5: 14 joints, LIP has 16",
        "absent.jpg: missing, or not an image that can be read",
        "3 photos are in no list and are not used, the first is 4",
        "9 faults",
    ):
        assert sentence in listed, sentence


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("no json", r"1\.json: missing, or not a JSON file"),
        ('{"pixels": {}}', r'1\.json: "joints" is not a list of'),
        ('{"joints": [[1, "two", 3]], "pixels": {}}', r'1\.json: "joints" is not a list of'),
        (json.dumps({"joints": [None] * 16}), r'1\.json: "pixels" is not \{label id: count\}'),
    ],
)
def test_a_joints_file_that_was_written_wrongly_is_named(copy, content, sentence):
    (copy.root / "joints" / "1.json").write_text(content)
    with pytest.raises(BrokenSampleError, match=sentence):
        copy.read("1") and copy.pixel_counts("1")
    with pytest.raises(BrokenSampleError, match=sentence):
        raise BrokenSampleError(next(folder_faults(copy.root)))


def test_a_folder_that_is_not_there_is_said_to_be(tmp_path, capsys):
    assert check(tmp_path / "nowhere") == 1
    assert "there is no such folder" in capsys.readouterr().out


def test_labels_out_of_range_name_the_sample_when_it_is_read(copy):
    write_labels(copy, "1", np.full((96, 72), 77, np.uint8))
    with pytest.raises(BrokenSampleError, match=r"data, 1: label ids that LIP does not have: \[77\]"):
        copy.read("1")


def test_names_may_have_spaces(copy):
    for part, suffix in (("images", "jpg"), ("labels", "png"), ("joints", "json")):
        (copy.root / part / f"1.{suffix}").rename(copy.root / part / f"photo 1 (summer).{suffix}")
    (copy.root / "train.txt").write_text("0\nphoto 1 (summer) \n\n2\n3\n")
    assert copy.names("train") == ["0", "photo 1 (summer)", "2", "3"]
    assert list(folder_faults(copy.root)) == []
    assert copy.read("photo 1 (summer)").image.shape == (96, 72, 3)
