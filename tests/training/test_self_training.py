"""A teacher whose answers are known by hand, and what is kept of them."""

import json

import cv2
import numpy as np
import pytest
import torch

from tests.helpers.commands import run_command
from training.checkpoints import checkpoint
from training.checkpoints.checkpoint import Checkpoint
from training.data.adapters.ccp import ClothingCoParsing
from training.data.adapters.photo_folder import PhotoFolder
from training.data.heat_maps import heat_maps
from training.data.mixed_folders import MixedFolders
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError, no_joints
from training.labels.lip import IGNORE, JOINT_ID, LABEL_ID, LIP
from training.networks.network import Network
from training.networks.presets import load_recipe
from training.networks.stage import Stage
from training.self_training import pseudo_labels
from training.self_training.accuracy import JointConsistencyMetric, PseudoLabelMetric
from training.self_training.rules import (
    consistent_joints,
    drop_swapped_sides,
    drop_uncertain_labels,
    require_same_person,
)
from training.self_training.teacher import TeacherPrediction, predict_views

LEFT_ARM, RIGHT_ARM, FACE, HAIR = (LABEL_ID[name] for name in ("left-arm", "right-arm", "face", "hair"))
HEAD = {"upper-neck": (0.0, 0.3), "head-top": (0.0, 0.1)}


class SaysTheSame(torch.nn.Module):
    """Whatever it sees: one label on the picture's left half, another on its right, and joints so far right of its
    middle and below its top, in heights of the picture."""

    stride, origin, multiple = 4, 1.5, 32
    cells = Network.cells

    def __init__(self, left, right, joints):
        super().__init__()
        self.anchor = torch.nn.Parameter(torch.zeros(1))
        self.left, self.right, self.joints = left, right, joints

    def forward(self, images):
        height, width = images.shape[2:]
        scores = torch.zeros(1, 20, height // 4, width // 4)
        scores[:, self.left, :, : width // 8] = 20.0
        scores[:, self.right, :, width // 8 :] = 20.0
        joints = no_joints()
        for name, (x, y) in self.joints.items():
            joints[JOINT_ID[name]] = ((width - 1) / 2 + x * height, y * height, 1)
        return [Stage(scores, torch.from_numpy(heat_maps(joints, height, width, stride=4, sigma=2.0)[0])[None])]


def counting(forward, asked):
    """``forward``, noting each call in ``asked``."""

    def noted(self, images):
        asked.append(tuple(images.shape))
        return forward(self, images)

    return noted


def teacher(left, right, joints=HEAD):
    return Checkpoint(SaysTheSame(left, right, joints).eval(), load_recipe("lite"), LIP, {}, {})


class TestTeacher:
    PHOTO = np.full((256, 192, 3), 99, np.uint8)

    def test_the_mirrored_answers_sides_change_places(self):
        """Who faces us has the right arm on the picture's left. A network that says so of the mirror image, too, says
        the same of both."""
        prediction = predict_views(teacher(RIGHT_ARM, LEFT_ARM), self.PHOTO)
        assert (prediction.labels[:, :90] == RIGHT_ARM).all()
        assert (prediction.labels[:, 102:] == LEFT_ARM).all()
        assert (prediction.confidence[:, :90] > 0.99).all()

    def test_where_a_photo_and_its_mirror_image_are_answered_differently_nothing_is_certain(self):
        prediction = predict_views(teacher(FACE, 0), self.PHOTO)
        np.testing.assert_allclose(prediction.confidence, 0.5, atol=0.01)

    def test_joints_of_the_mirror_image_change_places(self):
        wrists = {"left-wrist": (0.25, 0.6), "right-wrist": (-0.25, 0.6)}
        joints = predict_views(teacher(FACE, FACE, wrists), self.PHOTO).joints
        for view in joints:
            assert view[JOINT_ID["left-wrist"], :2] == pytest.approx((95.5 + 64, 0.6 * 256), abs=0.8)
            assert view[JOINT_ID["right-wrist"], :2] == pytest.approx((95.5 - 64, 0.6 * 256), abs=0.8)


class TestRules:
    def test_a_pixel_of_low_confidence_becomes_unknown(self):
        prediction = TeacherPrediction(
            np.array([[5, 6]], np.uint8), np.array([[0.89, 0.9]], np.float32), no_joints()[None]
        )
        assert drop_uncertain_labels(prediction, 0.9).tolist() == [[IGNORE, 6]]

    def test_a_swapped_arm_becomes_unknown(self):
        """Two columns of pixels, each on an arm; the lower half of the labels has them the wrong way round."""
        labels = np.zeros((10, 30), np.uint8)
        labels[:5, 5], labels[:5, 25] = RIGHT_ARM, LEFT_ARM
        labels[5:, 5], labels[5:, 25] = LEFT_ARM, RIGHT_ARM
        limbs = {"right-arm": np.array([[5.0, 0], [5, 9]]), "left-arm": np.array([[25.0, 0], [25, 9]])}
        kept = drop_swapped_sides(labels, limbs, LIP)
        assert (kept[:5] == labels[:5]).all()
        assert (kept[5:, [5, 25]] == IGNORE).all()
        assert (kept[5:, 6:25] == 0).all()

    def test_a_limb_that_the_pose_does_not_know_stays(self):
        labels = np.full((4, 4), LEFT_ARM, np.uint8)
        assert (drop_swapped_sides(labels, {"left-arm": np.zeros((2, 2))}, LIP) == LEFT_ARM).all()

    @pytest.mark.parametrize(("on_person", "joints"), [(6, 10), (0, 0)])
    def test_a_pose_beside_the_person_is_refused(self, on_person, joints):
        with pytest.raises(BrokenSampleError, match=f"1005: {on_person} of {joints} joints lie on the person"):
            require_same_person("1005", *self.pose(on_person, joints))

    def test_a_pose_on_the_person_is_not_nor_do_joints_beyond_the_photo_count(self):
        joints, labels = self.pose(7, 10)
        joints[10:12] = (500, -30, 1)
        require_same_person("1005", joints, labels)

    def pose(self, on_person, count):
        labels = np.zeros((20, 20), np.uint8)
        labels[:, 10:] = FACE
        joints = no_joints()
        joints[:count] = [(15 if index < on_person else 5, 3, 1) for index in range(count)] or 0
        return joints, labels

    def test_joints_on_which_the_views_agree(self):
        """A head of 40 pixels: a joint may lie 10 from the mean of two views."""
        views = np.zeros((2, 16, 3), np.float32)
        views[:, :, 2] = 0.9
        views[:, JOINT_ID["head-top"], 1] = -40
        views[:, JOINT_ID["left-wrist"], 0] = (100, 119)
        views[:, JOINT_ID["right-wrist"], 0] = (100, 121)
        views[0, JOINT_ID["left-knee"], 2] = 0.3
        joints = consistent_joints(views, LIP)
        assert joints[JOINT_ID["left-wrist"]].tolist() == [109.5, 0, 1]
        assert np.isnan(joints[[JOINT_ID["right-wrist"], JOINT_ID["left-knee"]]]).all()
        views[1, JOINT_ID["head-top"], 2] = 0.3
        assert np.isnan(consistent_joints(views, LIP)).all()  # without a head there is no measure


@pytest.fixture
def photos(tmp_path):
    """Three photos, the second one broken."""
    root = tmp_path / "photos"
    root.mkdir()
    info = {"name": "street", "licence": "CC-BY-4.0", "source": "ours"}
    (root / "dataset.json").write_text(json.dumps(info))
    for name in "abc":
        cv2.imwrite(str(root / f"{name}.jpg"), np.full((128, 96, 3), 99, np.uint8))
    (root / "b.jpg").write_bytes(b"no photo")
    return root


@pytest.fixture
def command(tmp_path, photos, monkeypatch):
    """The command with a hand-made teacher: arms on both sides, a head that all views agree on."""
    monkeypatch.setattr(checkpoint, "load_checkpoint", lambda path: teacher(RIGHT_ARM, LEFT_ARM))
    weights = tmp_path / "best.pt"
    weights.write_bytes(b"weights")

    def run(*more):
        out = tmp_path / "out"
        run_command("training.pseudo_label", weights, "photos", "--root", photos, "--out", out, *more)
        return PreparedFolder(out)

    return run


class TestCommand:
    def test_photos_become_a_prepared_folder_and_a_broken_one_is_named(self, command, folder, capsys):
        out = command()
        printed = capsys.readouterr().out
        assert "2 photos labelled, 1 left out" in printed
        assert "b.jpg: missing, or not an image" in printed
        assert (out.names("train"), out.names("val")) == (["a", "c"], [])
        assert (out.info.name, out.info.licence) == ("street, pseudo-labels", "CC-BY-4.0")
        sample = out.read("a")
        assert (sample.labels[64, 5], sample.labels[64, 90]) == (RIGHT_ARM, LEFT_ARM)
        assert sample.joints[JOINT_ID["head-top"], :2] == pytest.approx((47.5, 12.7), abs=0.8)
        assert np.isnan(sample.joints[JOINT_ID["left-knee"]]).all()
        mixed = MixedFolders([folder, out])
        assert mixed.names("train")[-2:] == ["1/a", "1/c"]
        assert mixed.names("val") == [f"0/{name}" for name in folder.names("val")]

    def test_a_second_run_goes_on(self, command, photos, monkeypatch):
        command()
        cv2.imwrite(str(photos / "b.jpg"), np.full((128, 96, 3), 99, np.uint8))
        asked = []
        label = pseudo_labels.pseudo_label
        monkeypatch.setattr(pseudo_labels, "pseudo_label", lambda *given: asked.append(given[2]) or label(*given))
        assert command().names("train") == ["a", "b", "c"]
        assert asked == ["b"]

    def test_a_folder_of_which_the_number_of_views_was_called_looks_goes_on(self, command, tmp_path):
        command()
        note = tmp_path / "out" / "teacher.json"
        note.write_text(note.read_text().replace('"views"', '"looks"'))
        assert command().names("train") == ["a", "c"]

    def test_labels_of_two_thresholds_are_not_mixed(self, command):
        command()
        with pytest.raises(SystemExit, match="another teacher, threshold or number of views"):
            command("--threshold", "0.5")

    @pytest.mark.parametrize("views", [1, 2, 4])
    def test_a_photo_is_shown_as_often_as_told(self, command, monkeypatch, views):
        asked = []
        monkeypatch.setattr(SaysTheSame, "forward", counting(SaysTheSame.forward, asked))
        command("--views", str(views))
        assert len(asked) == 2 * views  # two photos that can be read

    def test_an_unexpected_fault_of_one_photo_does_not_end_the_run(self, command, monkeypatch, capsys):
        monkeypatch.setattr(PhotoFolder, "pose", lambda self, name, labels: 1 / 0 if name == "a" else None)
        assert command().names("train") == ["c"]
        assert "a: ZeroDivisionError" in capsys.readouterr().out

    def test_a_folder_whose_photos_lie_in_folders_within_it_is_refused(self, command, photos):
        (photos / "within").mkdir()
        for photo in photos.glob("*.*g"):
            photo.rename(photos / "within" / photo.name)
        with pytest.raises(SystemExit, match="holds no photos: they must lie in the folder itself"):
            command()

    def test_photos_of_nobody_knows_whom_are_refused(self, command, photos):
        (photos / "dataset.json").unlink()
        with pytest.raises(SystemExit, match="where these photos come from"):
            command()


def test_what_has_an_annotation_or_is_in_a_split_is_never_pseudo_labelled(tmp_path):
    for path in ("photos/train.jpg", "photos/val.jpg", "photos/kept-apart.jpg", "photos/plain.jpg"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "annotations" / "pixel-level").mkdir(parents=True)
    (tmp_path / "annotations" / "pixel-level" / "kept-apart.mat").touch()
    for split in ("train", "val"):
        (tmp_path / f"{split}.txt").write_text(f"{split}\n")
    assert ClothingCoParsing(tmp_path).unlabelled() == ["plain"]


def test_the_tally_by_hand():
    """Eight pixels, one of unknown truth: of seven, five are kept, of which four are right."""
    tally = PseudoLabelMetric(LIP)
    truth = np.array([[0, 0, FACE, FACE, HAIR, HAIR, FACE, IGNORE]], np.uint8)
    tally.add(np.array([[0, 0, FACE, IGNORE, HAIR, FACE, IGNORE, FACE]], np.uint8), truth)
    kept, person_kept, right, person_right, mean_iou, merged_iou, *parts = tally.shares()
    assert (kept, person_kept, right, person_right) == (5 / 7, 3 / 5, 4 / 5, 2 / 3)
    assert mean_iou == pytest.approx((1 + 1 / 2 + 1 / 2) / 3)  # background; hair and face: one hit, one confused
    assert merged_iou == 1  # hair and face are both the head
    assert parts[0] == 1


def test_the_joints_tally_by_hand():
    """A head of 40 pixels; of three marked joints beside it one is right, one wrong, one not agreed on but right."""
    truth = no_joints()
    views = np.zeros((2, 16, 3), np.float32)
    views[:, :, 2] = 0.9
    for name in ("upper-neck", "left-wrist", "left-elbow", "left-knee"):
        truth[JOINT_ID[name]] = (0, 0, 1)
    truth[JOINT_ID["head-top"]] = (0, -40, 1)
    views[:, JOINT_ID["head-top"], 1] = -40
    views[:, JOINT_ID["left-elbow"], 0] = 21
    views[:, JOINT_ID["left-knee"], 0] = (-15, 15)
    tally = JointConsistencyMetric()
    tally.add(views, truth, LIP)
    assert tally == JointConsistencyMetric(marked=5, agreed=4, right=4, agreed_right=3)
    truth[JOINT_ID["head-top"]] = np.nan
    tally.add(views, truth, LIP)
    assert tally.marked == 5
