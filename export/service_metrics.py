"""Metrics of a running service, through HTTP alone: everyday photos, street photos, athletes."""

import csv
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from jppnet import Client, Person
from training.data.box_overlap import Boxes, corners, pairwise_overlaps
from training.data.openimages_source import read_boxes
from training.data.prepared_folder import PreparedFolder
from training.evaluation.matching import MIN_AREA
from training.evaluation.metrics import ParsingMetric, PoseMetric
from training.evaluation.people_metrics import (
    COCO_OF_LIMB,
    MatchedPeople,
    PersonIou,
    Points,
    keypoint_similarity,
    limb_joints_near,
)

MIN_MARKED = 5
"""Limb joints that must be marked on a COCO person for the person to be asked for."""


def measure_masks(client: Client, root: Path) -> dict[str, float]:
    """Person IoU on photos with hand-drawn masks: ``photos/NAME.jpg``, ``masks/NAME.png`` (1 person, 0 not, 255 not
    counted)."""
    metric = PersonIou()
    for path in _progress(sorted((root / "masks").glob("*.png")), "masks"):
        truth = np.asarray(cv2.imread(str(path), cv2.IMREAD_UNCHANGED), np.uint8)
        metric.add(client.parse(root / "photos" / f"{path.stem}.jpg").mask, truth)
    return metric.result()


def measure_boxes(client: Client, root: Path) -> dict[str, float]:
    """People's boxes against hand-drawn ones at IoU 0.5: ``photos/NAME.jpg``, ``boxes.csv`` (photo, x, y, width,
    height)."""
    metric = MatchedPeople()
    for name, boxes in _progress(sorted(read_boxes(root / "boxes.csv").items()), "boxes"):
        answer = client.pose(root / "photos" / f"{name}.jpg")
        truth = np.array(boxes, np.float64)
        asked = truth[:, 2:].prod(axis=1) >= MIN_AREA * answer.width * answer.height
        metric.add(pairwise_overlaps(_boxes(_surest_first(answer.people)), corners(truth)), asked)
    return metric.result()


def measure_joints(client: Client, root: Path) -> dict[str, float]:
    """People's joints against hand-set ones at keypoint similarity 0.5: ``photos/``, ``people.json`` (COCO's people of
    each photo: box, area, crowd, keypoints)."""
    metric = MatchedPeople()
    for photo in _progress(json.loads((root / "people.json").read_text()), "joints"):
        truth, area = photo["people"], photo["width"] * photo["height"]
        people = _surest_first(client.pose(root / "photos" / photo["photo"]).people)
        metric.add(_likeness(people, truth), [_is_asked_for(person, area) for person in truth])
    return metric.result()


def measure_nobody(client: Client, root: Path) -> dict[str, float]:
    """Photos of a folder in which nobody is: the share in which somebody is found, and the share of pixels labelled."""
    photos = sorted(root.rglob("*.jpg"))
    somebody = labelled = pixels = 0
    for photo in _progress(photos, "nobody"):
        answer = client.analyze(photo)
        somebody += bool(answer.people)
        labelled += int((answer.mask > 0).sum())
        pixels += answer.mask.size
    return {"photos_with_somebody": somebody / max(len(photos), 1), "pixels_labelled": labelled / max(pixels, 1)}


def measure_street(client: Client, data: PreparedFolder, split: str) -> dict[str, Any]:
    """The metrics of ``training.evaluate`` over a prepared folder; of several people the surest one's joints count."""
    parsing, pose = ParsingMetric(data.label_set), PoseMetric(data.label_set)
    for name in _progress(data.names(split), "street"):
        sample = data.read(name)
        answer = client.analyze(data.photo(name))
        parsing.add(answer.mask, sample.labels)
        pose.add(_joints_of_surest(answer.people, len(sample.joints)), sample.joints)
    return {**parsing.result(), **pose.result()}


def measure_athletes(client: Client, root: Path) -> dict[str, float]:
    """PCK@0.2 of the twelve limb joints on LSPet: ``images/``, ``joints.csv`` (image, then x, y, v of 14 joints)."""
    near: list[float] = []
    with (root / "joints.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    for image, *values in _progress(rows, "athletes"):
        truth = np.array(values, np.float64).reshape(14, 3)[:12, :2]
        found = _joints_of_surest(client.pose(root / "images" / image).people, 16)
        near.append(float(limb_joints_near(found[:, :2].astype(np.float64), truth).mean()))
    return {"pck": float(np.mean(near))}


def _surest_first(people: tuple[Person, ...]) -> list[Person]:
    return sorted(people, key=lambda person: -person.score)


def _boxes(people: list[Person]) -> Boxes:
    return corners(np.array([person.box for person in people], np.float64).reshape(-1, 4))


def _joints_of_surest(people: tuple[Person, ...], count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Joints (J, 3) of the person with the highest score; nan where nobody was found."""
    if not people:
        return np.full((count, 3), np.nan, np.float32)
    surest = _surest_first(people)[0]
    return np.array([(joint.x, joint.y, joint.score) for joint in surest.keypoints], np.float32)


def _likeness(people: list[Person], truth: list[dict[str, Any]]) -> Points:
    """Keypoint similarity (F, T); where no joint of the true person is marked, the boxes' IoU."""
    like = np.zeros((len(people), len(truth)))
    overlaps = pairwise_overlaps(_boxes(people), corners(np.array([person["box"] for person in truth]).reshape(-1, 4)))
    for row, person in enumerate(people):
        found = np.array([(joint.x, joint.y) for joint in person.keypoints])
        for column, true in enumerate(truth):
            marked = np.array(true["keypoints"], np.float64).reshape(17, 3)
            similarity = keypoint_similarity(found, marked, true["area"])
            like[row, column] = overlaps[row, column] if np.isnan(similarity) else similarity
    return like


def _is_asked_for(person: dict[str, Any], photo_area: float) -> bool:
    marked = np.array(person["keypoints"]).reshape(17, 3)[list(COCO_OF_LIMB), 2] > 0
    return not person["crowd"] and person["area"] >= MIN_AREA * photo_area and int(marked.sum()) >= MIN_MARKED


def _progress(items: Any, title: str) -> Any:
    return tqdm(items, desc=title, unit="photo", leave=False)
