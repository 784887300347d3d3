"""Photos in, three files a photo out; what is broken is named and the rest is answered."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import training
from tests.helpers.commands import run_command
from training.labels.lip import LIP


def run(*arguments):
    with pytest.raises(SystemExit) as end:
        run_command("training.predict", *arguments)
    return end.value.code


@pytest.mark.parametrize("protocol", ["one-pass", "jppnet"])
def test_a_folder_is_answered_and_a_broken_photo_named(protocol, finished_jppnet, folder, tmp_path, capsys):
    photos = tmp_path / "photos"
    photos.mkdir()
    (photos / "whole.jpg").write_bytes((folder.root / "images" / "0.jpg").read_bytes())
    (photos / "broken.jpg").write_bytes(b"\xff\xd8 no photo")
    out = tmp_path / "answers"
    assert run(finished_jppnet / "best.pt", photos, "--out", out, "--protocol", protocol) == 1
    assert "1 photos predicted, 1 not" in (printed := capsys.readouterr().out)
    assert "broken.jpg: missing, or not an image" in printed
    assert sorted(path.name for path in out.iterdir()) == ["whole.json", "whole.png", "whole_vis.png"]
    labels = cv2.imread(str(out / "whole.png"), cv2.IMREAD_UNCHANGED)
    colors = cv2.imread(str(out / "whole_vis.png"), cv2.IMREAD_COLOR_RGB)
    assert labels.shape == (96, 72)
    np.testing.assert_array_equal(colors, np.array([label.color for label in LIP.labels])[labels])
    joints = json.loads((out / "whole.json").read_text())["joints"]
    assert [joint["name"] for joint in joints] == list(LIP.joints)
    assert all(-40 < joint[axis] < 140 for joint in joints for axis in "xy")


def test_photos_whose_answers_would_collide_are_refused(finished_jppnet, tmp_path, capsys):
    for name in ("a.jpg", "a.png"):
        (tmp_path / name).touch()
    assert run(finished_jppnet / "best.pt", tmp_path, "--out", tmp_path / "answers") == 2
    assert "overwrite each other: a" in capsys.readouterr().err


def test_a_protocol_that_a_network_cannot_follow_is_refused(folder, tmp_path):
    shipped = Path(training.__file__).parent / "weights" / "jppnet-lite.safetensors"
    code = run(shipped, folder.root / "images", "--out", tmp_path, "--protocol", "jppnet")
    assert "multiples of 32" in code
