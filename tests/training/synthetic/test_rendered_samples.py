"""What a rendered folder promises: parts and joints that agree, the same pictures every time, a run that goes on."""

import json
import shutil

import numpy as np
import pytest

from tests.helpers.rendered_proofs import ON, hits
from training.data.mirror import mirror
from training.data.prepared_folder import PreparedFolder
from training.data.training_dataset import SampleDraw
from training.labels.lip import JOINT_ID, LIP
from training.networks.presets import load_recipe
from training.networks.registry import build_dataset
from training.synthetic import dataset
from training.synthetic.bodies import BODY_VERTICES, BodyBank
from training.synthetic.dataset import _render_one, synthesize
from training.synthetic.posing import JOINT_BONES
from training.synthetic.regions import Regions, skin_labels


def samples(folder):
    return [folder.read(name) for name in folder.names("train") + folder.names("val")]


def files_of(name):
    return (f"images/{name}.jpg", f"labels/{name}.png", f"joints/{name}.json", f"people/{name}.json")


def share(found):
    """Of all visible joints, how many lie on their own parts."""
    together = [hit for joint in found.values() for hit in joint]
    return np.mean(together)


def test_every_sample_was_made(rendered):
    folder, skipped = rendered
    assert skipped == []
    assert len(folder.names("train")) == 10


def test_joints_lie_on_their_own_parts(rendered):
    found = hits(samples(rendered[0]))
    assert sum(map(len, found.values())) > 20
    assert share(found) >= 0.97


def test_a_mirrored_sample_has_mirrored_labels(rendered):
    for sample in samples(rendered[0]):
        mirrored = mirror(sample, LIP)
        for left, right in ((14, 15), (16, 17), (18, 19)):
            assert (mirrored.labels == left).sum() == (sample.labels == right).sum()
        before, after = hits([sample]), hits([mirrored])
        for joint in ON:
            other = joint.replace("left-", "x-").replace("right-", "left-").replace("x-", "right-")
            assert before[joint] == after[other]


def test_labels_joints_and_boxes_are_within_the_picture(rendered):
    folder, _ = rendered
    for sample in samples(folder):
        height, width = sample.labels.shape
        assert max(height, width) == 512
        assert set(np.unique(sample.labels)) <= {label.id for label in LIP.labels} | {255}
        marked = sample.joints[~np.isnan(sample.joints[:, 0])]
        assert len(marked) >= 5
        assert ((marked[:, :2] >= -0.5) & (marked[:, :2] < (width - 0.5, height - 0.5))).all()
        people = json.loads((folder.root / "people" / f"{sample.name}.json").read_text())
        rows, columns = np.nonzero((sample.labels != 0) & (sample.labels != 255))
        assert people[0]["box"] == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_left_is_the_persons_own(bodies):
    """A body at rest looks along +z with its head up, so its left is +x: up × forward."""
    bank = BodyBank(bodies)
    body = bank.draw(np.random.default_rng(1))
    places = Regions(bank.rig).coordinates(body)
    assert places.marks["eye"][2] > places.marks["head"][2]
    assert places.marks["eye"][1] > places.marks["hip"][1]
    labels, x = skin_labels(places)[:BODY_VERTICES], places.points[:BODY_VERTICES, 0]
    for left, right in ((14, 15), (16, 17)):
        assert x[labels == left].min() >= 0
        assert x[labels == right].max() <= 0
    for joint, bone in JOINT_BONES.items():
        assert (body.heads[bank.rig.index(bone), 0] > 0) == joint.startswith("left")


def test_training_reads_the_folder(rendered):
    folder, _ = rendered
    recipe = load_recipe("lite")
    view = build_dataset(recipe, folder, folder.names("train"))[SampleDraw(0, 1)]
    assert tuple(view.images.shape) == (3, recipe.network.height, recipe.network.width)
    assert view.weights.sum() > 0


def test_a_stopped_run_goes_on_with_the_same_pictures_however_many_processes(rendered, make_job, tmp_path):
    """Two of the pictures that two processes made are taken away; one process makes them again, and only them."""
    first, _ = rendered
    shutil.copytree(first.root, tmp_path / "again")
    again, names = PreparedFolder(tmp_path / "again"), first.names("train")
    for name in names[:2]:
        for file in files_of(name):
            (again.root / file).unlink()
    times = {name: (again.root / "images" / f"{name}.jpg").stat().st_mtime_ns for name in names[2:]}
    synthesize(make_job(again.root), len(names), processes=1)
    assert again.names("train") == names
    assert {name: (again.root / "images" / f"{name}.jpg").stat().st_mtime_ns for name in names[2:]} == times
    for file in (file for name in names for file in files_of(name)):
        assert (again.root / file).read_bytes() == (first.root / file).read_bytes(), file


def test_a_bad_sample_is_named_and_does_not_end_the_run(monkeypatch):
    class Broken:
        def render(self, index):
            raise ZeroDivisionError("no such luck")

    monkeypatch.setattr(dataset, "_worker", Broken())
    assert _render_one(7) == "index 7: ZeroDivisionError: no such luck"


@pytest.mark.slow
class TestTwoHundred:
    def test_joints_lie_on_their_own_parts(self, many):
        found = hits(samples(many))
        for joint, on_part in found.items():
            assert len(on_part) >= 50, joint
            assert np.mean(on_part) >= 0.97, joint

    def test_every_label_occurs(self, many):
        counts = [many.pixel_counts(name) for name in many.names("train") + many.names("val")]
        shown = {label for count in counts for label, pixels in count.items() if pixels >= 20}
        assert {label.id for label in LIP.labels} <= shown

    def test_every_joint_is_seen_and_hidden(self, many):
        joints = np.stack([sample.joints for sample in samples(many)])
        for name in LIP.joints:
            visible = joints[:, JOINT_ID[name], 2]
            assert (visible == 1).any(), name
            assert (visible == 0).any(), name
