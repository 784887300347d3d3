"""What the service answers. All coordinates are in pixels of the upright photo; left and right are the person's own."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from jppnet.rle import label_ids

Json = Mapping[str, Any]


class Box(NamedTuple):
    """x and y of the top-left pixel, width and height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def area(self) -> tuple[slice, slice]:
        """The rows and columns of the box, to index a mask or photo with."""
        return slice(self.y, self.y + self.height), slice(self.x, self.x + self.width)


@dataclass(frozen=True, slots=True)
class Label:
    """A label that is in the photo."""

    id: int
    """The value in the mask."""
    name: str
    color: tuple[int, int, int]
    """Red, green, blue."""
    pixels: int
    share: float
    """Of the photo's pixels, 0–1."""
    box: Box
    confidence: float
    """The model's mean confidence where it saw the label, 0–1."""

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON."""
        red, green, blue = answer["color"]
        return cls(
            id=answer["id"],
            name=answer["name"],
            color=(red, green, blue),
            pixels=answer["pixels"],
            share=answer["share"],
            box=Box(*answer["box"]),
            confidence=answer["confidence"],
        )


@dataclass(frozen=True, slots=True)
class Keypoint:
    """A joint. One that scores near 0 was not seen: its place means nothing."""

    name: str
    x: float
    y: float
    score: float


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the photo; ``keypoints`` has every joint of the model, in its order. Some models have none."""

    box: Box
    score: float
    """The mean of the joints' scores."""
    keypoints: tuple[Keypoint, ...]
    region: int | None = None
    """Where boxes were asked about: which of them shows this person, from 0."""

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON."""
        keypoints = (Keypoint(*(joint[key] for key in ("name", "x", "y", "score"))) for joint in answer["keypoints"])
        return cls(Box(*answer["box"]), answer["score"], tuple(keypoints), answer.get("region"))


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """What was seen in one of the boxes that were asked about, whoever else it overlaps with."""

    box: Box
    """The pixels of the photo that the model was shown: the box that was asked about, and a margin."""
    labels: tuple[Label, ...]
    """As for the photo; their boxes are the photo's, too."""
    mask: npt.NDArray[np.uint8]
    """The label id of every pixel of the box (height, width)."""

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON."""
        box = Box(*answer["box"])
        return cls(box, tuple(map(Label.read, answer["labels"])), _mask(box.height, box.width, answer["labels"]))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What every answer says: which model gave it, and the upright photo's size."""

    model: str
    version: str
    width: int
    height: int

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON."""
        return cls(
            model=answer["model"]["name"],
            version=answer["model"]["version"],
            width=answer["image"]["width"],
            height=answer["image"]["height"],
            **cls._read_rest(answer),
        )

    @classmethod
    def _read_rest(cls, answer: Json) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, kw_only=True, eq=False)
class Parsing(Answer):
    """Who wears what where."""

    labels: tuple[Label, ...]
    """The labels that are in the photo, by ascending id."""
    mask: npt.NDArray[np.uint8]
    """The label id of every pixel (height, width); all 0 from a model for pose alone."""
    regions: tuple[Region, ...]
    """Where boxes were asked about: one by one, in their order; labels and mask are of all. Otherwise empty."""

    @classmethod
    def _read_rest(cls, answer: Json) -> dict[str, Any]:
        return super()._read_rest(answer) | {
            "labels": tuple(map(Label.read, answer["labels"])),
            "mask": _mask(answer["image"]["height"], answer["image"]["width"], answer["labels"]),
            "regions": tuple(map(Region.read, answer.get("regions", ()))),
        }


@dataclass(frozen=True, kw_only=True)
class Pose(Answer):
    """How the people stand."""

    people: tuple[Person, ...]
    """Empty when nobody is in the photo."""
    skeleton: tuple[tuple[int, int], ...]
    """Bones, as pairs of indices into a person's keypoints."""

    @classmethod
    def _read_rest(cls, answer: Json) -> dict[str, Any]:
        bones = tuple((start, end) for start, end in answer["skeleton"])
        return super()._read_rest(answer) | {"people": tuple(map(Person.read, answer["people"])), "skeleton": bones}


@dataclass(frozen=True, kw_only=True, eq=False)
class Analysis(Parsing, Pose):
    """Both, from one run of the model."""


@dataclass(frozen=True, slots=True)
class ModelLabel:
    """A label that the model knows."""

    id: int
    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Model:
    """The model's card, and what it runs on."""

    name: str
    version: str
    license: str
    training_data: str
    description: str
    precision: str
    labels: tuple[ModelLabel, ...]
    joints: tuple[str, ...]
    skeleton: tuple[tuple[int, int], ...]
    metrics: Mapping[str, Any]
    """Figures measured when the model was made."""
    provider: str
    """What runs the model: cpu, openvino, cuda or tensorrt."""
    lanes: int
    """Runs of the model side by side."""
    largest_batch: int

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON; what a later service says beyond this is passed over."""
        lists = {
            "labels": tuple(ModelLabel(item["id"], item["name"], tuple(item["color"])) for item in answer["labels"]),
            "joints": tuple(answer["joints"]),
            "skeleton": tuple((start, end) for start, end in answer["skeleton"]),
        }
        return cls(**{field.name: answer[field.name] for field in fields(cls)} | lists)


def _mask(height: int, width: int, labels: list[Json]) -> npt.NDArray[np.uint8]:
    return label_ids(height, width, ((label["id"], label["rle"]["counts"]) for label in labels))
