"""Photos in, three files a photo out; what is broken is named and the rest is answered."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import training
from tests.helpers.commands import run_command
from training.checkpoints.checkpoint import load_checkpoint
from training.data.prepared_folder import PreparedFolder
from training.data.sample import read_image
from training.evaluation.protocols import one_pass
from training.labels.lip import LIP

PHOTO = "Testing_images/testing_images/100_1.jpg"


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        run_command("training.predict", *arguments)
    return end.value.code


@pytest.mark.parametrize("protocol", ["one-pass", "jppnet"])
def test_a_folder_is_answered_and_a_broken_photo_named(protocol, finished_jppnet, folder, tmp_path, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "whole.jpg").write_bytes((folder.root / "images" / "0.jpg").read_bytes())
    (photos / "broken.jpg").write_bytes(b"no photo")
    out = tmp_path / "answers"
    assert run(finished_jppnet / "best.pt", photos, "--out", out, "--protocol", protocol) == 1
    assert "1 photos predicted, 1 not" in (printed := capsys.readouterr().out)
    assert "broken.jpg: missing, or not an image" in printed
    assert sorted(path.name for path in out.iterdir()) == ["whole.json", "whole.png", "whole_vis.png"]
    labels = cv2.imread(str(out / "whole.png"), cv2.IMREAD_UNCHANGED)
    colors = cv2.imread(str(out / "whole_vis.png"), cv2.IMREAD_COLOR_RGB)
    assert labels.shape == (96, 72)
    np.testing.assert_array_equal(colors, np.array([label.color for label in LIP.labels])[labels])
    joints = json.loads((out / "whole.json").read_text())["keypoints"]  # as the service calls them
    assert [joint["name"] for joint in joints] == list(LIP.joints)
    assert all(-40 < joint[axis] < 140 for joint in joints for axis in "xy")


def test_photos_whose_answers_would_collide_are_refused(finished_jppnet, tmp_path):
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).touch()
    said = run(finished_jppnet / "best.pt", tmp_path, "--out", tmp_path / "answers")
    assert said == "several photos have one name, and their results would overwrite each other: a"


def test_a_protocol_that_a_network_cannot_follow_is_refused(folder, tmp_path):
    shipped = Path(training.__file__).parent / "weights" / "jppnet-lite.safetensors"
    code = run(shipped, folder.root / "images", "--out", tmp_path, "--protocol", "jppnet")
    assert "multiples of 32" in code


def test_a_photo_that_is_cut_off_is_not_predicted(finished_jppnet, folder, tmp_path, capsys):
    """The service refuses it, too."""
    (tmp_path / "cut.jpg").write_bytes((folder.root / "images" / "0.jpg").read_bytes()[:-100])
    assert run(finished_jppnet / "best.pt", tmp_path / "cut.jpg", "--out", tmp_path / "answers") == 1
    assert "cut.jpg: cut off, the file ends before its picture does" in capsys.readouterr().out


class TestLipTestServer:
    @pytest.fixture
    def published(self, folder, tmp_path):
        """LIP's test photos as they are published, one of them broken."""
        photos = tmp_path / "lip" / "Testing_images" / "testing_images"
        photos.mkdir(parents=True)
        for name in ("100_1", "100_2"):
            (photos / f"{name}.jpg").write_bytes((folder.root / "images" / "0.jpg").read_bytes())
        (photos / "100_3.jpg").write_bytes(b"\xff\xd8 no photo")
        (photos.parent / "test_id.txt").write_text("100_1\n100_2\n100_3\n")
        return tmp_path / "lip"

    def test_test_photos_are_prepared_with_nothing_known_of_them(self, published, tmp_path, capsys):
        run_command("training.prepare", "lip-test", "--root", published, "--out", tmp_path / "data")
        assert "2 test; 1 skipped" in capsys.readouterr().out
        sample = PreparedFolder(tmp_path / "data").read("100_1")
        assert (sample.labels == 255).all()
        assert np.isnan(sample.joints).all()

    def test_the_servers_files_are_written(self, published, finished_jppnet, tmp_path):
        run_command("training.prepare", "lip-test", "--root", published, "--out", tmp_path / "data")
        out = tmp_path / "submission"
        assert run(finished_jppnet / "best.pt", tmp_path / "data" / "images", "--out", out, "--lip-test") == 0
        assert sorted(path.name for path in out.iterdir()) == ["parsing", "pred_keypoints_lip.csv"]
        labels = cv2.imread(str(out / "parsing" / "100_1.png"), cv2.IMREAD_UNCHANGED)
        assert (labels.shape, labels.dtype, labels.max() < 20) == ((96, 72), np.uint8, True)
        rows = [line.split(",") for line in (out / "pred_keypoints_lip.csv").read_text().splitlines()]
        assert [row[0] for row in rows] == ["100_1.jpg", "100_2.jpg"]
        assert all(len(row) == 1 + 2 * 16 for row in rows)
        prediction = one_pass(load_checkpoint(finished_jppnet / "best.pt"), read_image(published / PHOTO))
        np.testing.assert_array_equal(labels, prediction.labels)
        assert [int(value) for value in rows[0][1:]] == np.round(prediction.joints[:, :2]).ravel().astype(int).tolist()
