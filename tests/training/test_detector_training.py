"""What the detector learns from: doubtful boxes, random pictures of photos; and that it learns."""

import csv
import json

import cv2
import numpy as np
import pytest
import torch

from training.checkpoints.detector import DetectorCheckpoint, load_detector, save_detector
from training.data.openimages_boxes import BoxedPhoto, boxed_splits, is_crowd, read_boxed
from training.data.openimages_source import OpenImagesPeople
from training.loop.detector_trainer import DetectorTrainer
from training.networks.detector.augment import clip_people, place, random_picture
from training.networks.detector.dataset import DetectorBatches, DetectorData, rendered_photos
from training.networks.detector.detect import run_torch
from training.networks.detector.network import DetectorNetwork
from training.networks.detector.recipe import load_detector_recipe

NOWHERE = np.zeros((0, 4), np.float32)


def boxes(*rows):
    return np.array(rows, np.float32).reshape(-1, 4)


def changed(recipe, **tables):
    return recipe.model_copy(
        update={name: getattr(recipe, name).model_copy(update=keys) for name, keys in tables.items()}
    )


RECIPE = changed(load_detector_recipe("detector"), network={"trunk": "movenet-lightning"})
PLAIN = RECIPE.augmentation.model_copy(
    update={"scale": (1, 1), "squeeze": 0, "stretch": 0, "mirror": 0, "color": 0, "low_light": 0, "degrade": 0}
)


def drawn_person(rng, height=96, width=96):
    """A noisy picture with one bright upright bar in it."""
    image = rng.integers(0, 60, (height, width, 3)).astype(np.uint8)
    left, top = (int(rng.integers(0, limit)) for limit in (width - 24, height - 48))
    image[top : top + 48, left : left + 24] = (230, 80, 80)
    return BoxedPhoto(image, boxes([left, top, left + 24, top + 48]), NOWHERE)


class TestOpenImages:
    @pytest.fixture
    def folder(self, tmp_path):
        (tmp_path / "photos").mkdir()
        cv2.imwrite(str(tmp_path / "photos" / "p.jpg"), np.full((100, 100, 3), 90, np.uint8))
        rows = [("p", 0, 0, 40, 80), ("p", 50, 50, 50, 40)]
        with (tmp_path / "boxes.csv").open("w", newline="") as file:
            csv.writer(file).writerows([("photo", "x", "y", "width", "height"), *rows])
        seen = [
            (0.5, [0, 0, 40, 78]),
            (0.3, [50, 50, 12, 38]),
            (0.3, [70, 50, 12, 38]),
            (0.25, [60, 0, 20, 30]),
            (0.1, [45, 0, 10, 10]),
        ]
        people = [{"score": score, "box": box, "keypoints": [[0, 0, 0]] * 17} for score, box in seen]
        (tmp_path / "multipose.json").write_text(json.dumps({"p": {"aspect": "1:1", "people": people}}))
        return tmp_path

    def test_crowds_and_people_left_out_are_doubtful(self, folder):
        photo = read_boxed(OpenImagesPeople(folder), "p")
        assert photo.boxes.tolist() == [[0, 0, 40, 80]]
        doubtful = sorted(photo.doubtful.tolist())
        assert [50, 50, 100, 90] in doubtful  # the box of two
        assert [60, 0, 80, 30] in doubtful  # seen, and not drawn
        assert [45, 0, 55, 10] not in doubtful  # hardly seen
        assert len(doubtful) == 4  # and each of the two

    def test_a_box_that_one_of_those_seen_fills_is_a_persons(self):
        pair = boxes([0, 0, 10, 40], [30, 0, 40, 40])
        assert is_crowd(boxes([0, 0, 40, 40])[0], pair)
        assert not is_crowd(boxes([0, 0, 40, 40])[0], np.concatenate([pair, boxes([2, 2, 40, 40])]))
        assert not is_crowd(boxes([0, 0, 40, 40])[0], pair[:1])
        assert not is_crowd(boxes([0, 0, 40, 40])[0], NOWHERE)

    def test_splits_are_apart_and_whole(self, folder):
        names = [f"{number:016x}" for number in range(400)]
        with (folder / "boxes.csv").open("a", newline="") as file:
            csv.writer(file).writerows((name, 0, 0, 10, 10) for name in names)
        splits = boxed_splits(OpenImagesPeople(folder))
        assert sorted(name for split in splits.values() for name in split) == sorted([*names, "p"])
        assert 20 < len(splits["tune"]) < 60
        assert 20 < len(splits["val"]) < 60


class TestPictures:
    def test_boxes_go_where_the_people_go(self):
        rng = np.random.default_rng(3)
        recipe = RECIPE.augmentation.model_copy(update={"color": 0.0, "low_light": 0.0, "degrade": 0.0})
        for _ in range(40):
            picture = random_picture(lambda: drawn_person(rng), 128, 96, 0.5, recipe, rng)
            assert picture.image.shape == (128, 96, 3)
            bright = (picture.image[..., 0] > 180).astype(np.uint8)
            for left, top, right, bottom in np.round(picture.boxes).astype(int):
                assert bright[top:bottom, left:right].mean() > 0.8
                bright[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = 0
            for left, top, right, bottom in np.round(picture.doubtful).astype(int):
                bright[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = 0
            assert bright.sum() <= 4

    def test_a_photo_fills_a_canvas_of_its_aspect_and_a_squeezed_one_a_square(self):
        photo = BoxedPhoto(np.full((60, 90, 3), 7, np.uint8), boxes([30, 0, 60, 60]), NOWHERE)
        placed = place(photo, 120, 180, PLAIN, np.random.default_rng(0))
        assert (placed.image == 7).all()
        assert placed.boxes.tolist() == [[60, 0, 120, 120]]
        squeezed = place(photo, 96, 96, PLAIN.model_copy(update={"squeeze": 1.0}), np.random.default_rng(0))
        assert squeezed.boxes.tolist() == [[32, 0, 64, 96]]

    def test_people_cut_off_are_learnt_by_what_is_left_or_doubtful(self):
        kept, lost = clip_people(
            boxes([-10, 0, 30, 40], [-30, 50, 10, 90], [200, 0, 240, 40], [50, 50, 55, 90]), 100, 100
        )
        assert kept.tolist() == [[0, 0, 30, 40]]
        assert lost.tolist() == [[0, 50, 10, 90], [50, 50, 55, 90]]  # a quarter is left; too narrow


class TestTraining:
    @pytest.fixture
    def data(self):
        rng = np.random.default_rng(0)
        nobody = [BoxedPhoto(rng.integers(0, 60, (96, 96, 3)).astype(np.uint8), NOWHERE, NOWHERE) for _ in range(4)]
        return DetectorData(
            [drawn_person(rng) for _ in range(24)], nobody, [drawn_person(rng) for _ in range(4)], [drawn_person(rng)]
        )

    @pytest.fixture
    def recipe(self):
        augmentation = PLAIN.model_dump() | {"sides": (96,), "aspects": (1.0,)}
        schedule = {"epochs": 2, "batch": 8, "learning_rate": 2e-2, "trunk_learning_rate": 2e-3, "warmup_epochs": 0}
        return changed(RECIPE, schedule=schedule, augmentation=augmentation)

    def test_batches_are_the_same_for_the_same_seed_and_all_photos_are_drawn(self, data, recipe):
        whole = changed(recipe, sampling={"nobody": 0.0, "street": 0.0, "rendered": 0.0, "mosaic": 0.0})
        first, again = (list(map(DetectorBatches(data, whole, 0).__getitem__, range(3))) for _ in range(2))
        assert all(
            torch.equal(a, b) for one, two in zip(first, again, strict=True) for a, b in zip(one, two, strict=True)
        )
        drawn = {image.numpy().tobytes() for batch in first for image in batch[0]}
        assert len(drawn) == 24

    def test_pictures_are_drawn_from_each_source_by_its_share(self, data, recipe):
        drawn = DetectorBatches(data, changed(recipe, sampling={"nobody": 0.2, "street": 0.3, "rendered": 0.1}), 0)
        rng, sources = np.random.default_rng(0), (data.nobody, data.street, data.rendered, data.people)
        counts = np.zeros(4)
        for _ in range(2000):
            photo = drawn._draw(rng, [])
            counts += [any(photo is one for one in source) for source in sources]
        np.testing.assert_allclose(counts / 2000, [0.2, 0.3, 0.1, 0.4], atol=0.05)

    def test_rendered_people_come_with_everybodys_box_in_pixels_of_the_shrunk_picture(self, tmp_path):
        for folder in ("images", "people"):
            (tmp_path / folder).mkdir()
        cv2.imwrite(str(tmp_path / "images" / "a.jpg"), np.zeros((832, 832, 3), np.uint8))
        people = [{"box": [8, 16, 208, 832], "pose": "sitting"}, {"box": [400, 0, 832, 400], "pose": "recorded"}]
        (tmp_path / "people" / "a.json").write_text(json.dumps(people))
        (photo,) = rendered_photos(tmp_path)
        assert photo.image.shape == (416, 416, 3)
        assert photo.boxes.tolist() == [[4, 8, 104, 416], [200, 0, 416, 200]]
        assert not len(photo.doubtful)

    def test_a_run_learns_ends_and_resumes(self, data, recipe, tmp_path):
        rng = np.random.default_rng(9)
        held_out = [drawn_person(rng) for _ in range(6)]

        class Held:
            def validate(self, network):
                from training.evaluation.detection import match
                from training.evaluation.detector_evaluation import Measured
                from training.networks.detector.detect import detect

                run, photos = run_torch(network.eval()), []
                for photo in held_out:
                    found = detect(run, photo.image, 96)
                    photos.append(match(*found, photo.boxes, np.array([True])))
                return Measured(photos, np.zeros(1))

        torch.manual_seed(0)
        network = DetectorNetwork("movenet-lightning")
        trainer = DetectorTrainer(network, recipe, data, Held().validate, tmp_path)
        trainer.run()
        records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
        assert [record["epoch"] for record in records] == [1, 2]
        assert records[1]["losses"]["total"] < records[0]["losses"]["total"]

        longer = DetectorTrainer(DetectorNetwork("movenet-lightning"), recipe, data, Held().validate, tmp_path)
        longer.resume()
        assert longer.epoch == 2
        assert torch.equal(longer.network.center.out.weight, network.center.out.weight)
        other = DetectorTrainer(network, changed(recipe, schedule={"seed": 5}), data, Held().validate, tmp_path)
        with pytest.raises(ValueError, match="another recipe"):
            other.resume()

    def test_both_forms_of_a_checkpoint_come_back(self, tmp_path):
        network = DetectorNetwork("movenet-lightning")
        for name, tolerance in (("a.pt", 0), ("a.safetensors", 1e-3)):
            save_detector(DetectorCheckpoint(network, RECIPE, {"f1": 0.5}), tmp_path / name)
            again = load_detector(tmp_path / name)
            assert (again.recipe, again.metrics) == (RECIPE, {"f1": 0.5})
            torch.testing.assert_close(
                again.network.size.out.weight, network.size.out.weight, rtol=tolerance, atol=tolerance
            )
