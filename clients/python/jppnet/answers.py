"""What the service answers. All coordinates are in pixels of the upright photo; left and right are the person's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from jppnet.drawing import draw_labels, draw_outlines, draw_skeleton, shrunk, wheel
from jppnet.photo import photo_pixels
from jppnet.png import encode_png
from jppnet.rle import label_ids

Json = Mapping[str, Any]

VISIBLE: Final = 0.1
"""Least score of a joint that is drawn, as in the service."""
NOTEBOOK_SIDE: Final = 1000
"""Longest side, in pixels, of what a notebook shows of an answer."""


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
    """A person in the photo."""

    box: Box
    score: float
    """How sure it is that this is a person, 0–1, by the detector; with ``people="one"`` and with boxes, the mean of the
    joints' scores, or of a model without joints that of the labels' confidence."""
    keypoints: tuple[Keypoint, ...]
    """Every joint of the model, in its order; empty where the model has none, and in the answers of ``parse``."""
    region: int | None = None
    """Where boxes were asked about: which of them shows this person, from 0."""
    index: int | None = None
    """Where people were looked for: the pixel value in ``instances``; from 1, the largest box first."""
    labels: tuple[Label, ...] = ()
    """Where people were looked for: what this person wears and shows, by ascending id, without background. ``share`` is
    of the whole photo. Empty in the answers of ``pose``."""

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON."""
        joints = answer.get("keypoints", ())
        keypoints = (Keypoint(*(joint[key] for key in ("name", "x", "y", "score"))) for joint in joints)
        return cls(
            box=Box(*answer["box"]),
            score=answer["score"],
            keypoints=tuple(keypoints),
            region=answer.get("region"),
            index=answer.get("index"),
            labels=tuple(map(Label.read, answer.get("labels", ()))),
        )

    def __getitem__(self, name: str) -> Keypoint:
        """The joint of that name; KeyError if the model has none such."""
        for joint in self.keypoints:
            if joint.name == name:
                return joint
        raise KeyError(f"There is no joint “{name}”. Joints: {', '.join(joint.name for joint in self.keypoints)}.")


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


@dataclass(frozen=True, kw_only=True, repr=False)
class Answer:
    """What every answer says: which model gave it, and the upright photo's size. Notebooks show it as a picture."""

    model: str
    version: str
    width: int
    height: int
    photo: bytes | None = field(default=None, compare=False)
    """The photo's file, as it was sent: what is drawn on."""

    @classmethod
    def read(cls, answer: Json, photo: bytes | None = None) -> Self:
        """From the service's JSON, about a photo's file."""
        return cls(
            model=answer["model"]["name"],
            version=answer["model"]["version"],
            width=answer["image"]["width"],
            height=answer["image"]["height"],
            photo=photo,
            **cls._read_rest(answer),
        )

    def overlay(
        self,
        pixels: npt.NDArray[np.uint8] | None = None,
        *,
        opacity: float = 0.6,
        labels: Sequence[str | int] | str | int | None = None,
    ) -> npt.NDArray[np.uint8]:
        """The photo with the answer drawn on it (height, width, 3), RGB: labels in their colours, and skeletons.

        Of two or more people, each has an outline of another colour.

        Args:
            pixels: the upright photo (height, width, 3), RGB. Without it the file that was sent is decoded, with Pillow
                or OpenCV.
            opacity: of the labels' colours, 0–1.
            labels: which labels are drawn, by name or id. All but the background, if not set.

        Raises:
            ImportError: there is neither Pillow nor OpenCV to decode the file with.
            ValueError: the pixels are not of the photo's size, or the file cannot be decoded.
        """
        if pixels is None:
            if self.photo is None:
                raise ValueError("The answer has no photo to draw on. Give its pixels: overlay(pixels).")
            pixels = photo_pixels(self.photo)
        if pixels.shape != (self.height, self.width, 3) or pixels.dtype != np.uint8:
            raise ValueError(
                f"The answer is about a photo of {self.width}×{self.height} pixels; pixels must be uint8 "
                f"({self.height}, {self.width}, 3), and are {pixels.dtype} {pixels.shape}."
            )
        picture = np.array(pixels)
        self._draw(picture, opacity, (labels,) if isinstance(labels, str | int) else labels)
        return picture

    def __repr__(self) -> str:
        """In a line: arrays and joints would fill the screen."""
        said = [f"{self.model} {self.version}", f"{self.width}×{self.height} pixels", *self._contents()]
        return f"<{type(self).__name__}: {'; '.join(said)}>"

    def _contents(self) -> list[str]:
        """What is in the answer, in a few words each."""
        return []

    def _draw(self, picture: npt.NDArray[np.uint8], opacity: float, labels: Sequence[str | int] | None) -> None:
        """Draws what the answer says into a picture."""

    def _repr_png_(self) -> bytes:
        """What a notebook shows: :meth:`overlay`, made smaller; on black, where the photo cannot be decoded."""
        try:
            picture = self.overlay()
        except (ImportError, ValueError):
            picture = self.overlay(np.zeros((self.height, self.width, 3), np.uint8), opacity=1.0)
        return encode_png(shrunk(picture, NOTEBOOK_SIDE), 6)

    @classmethod
    def _read_rest(cls, answer: Json) -> dict[str, Any]:
        return {}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Parsing(Answer):
    """Who wears what where."""

    labels: tuple[Label, ...]
    """The labels that are in the photo, by ascending id."""
    mask: npt.NDArray[np.uint8]
    """The label id of every pixel (height, width); all 0 from a model for pose alone."""
    regions: tuple[Region, ...]
    """Where boxes were asked about: one by one, in their order; labels and mask are of all. Otherwise empty."""
    people: tuple[Person, ...] = ()
    """Where people were looked for: everybody found, the largest box first."""
    instances: npt.NDArray[np.uint8] | None = None
    """Where people were looked for: whose every pixel (height, width) is, as a person's ``index``; 0 is nobody's."""

    @classmethod
    def _read_rest(cls, answer: Json) -> dict[str, Any]:
        return super()._read_rest(answer) | {
            "labels": tuple(map(Label.read, answer["labels"])),
            "mask": _mask(answer["image"]["height"], answer["image"]["width"], answer["labels"]),
            "regions": tuple(map(Region.read, answer.get("regions", ()))),
            "people": tuple(map(Person.read, answer.get("people", ()))),
            "instances": _instances(answer),
        }

    def __getitem__(self, label: str | int) -> Label:
        """The label of that name or id; KeyError if it is not in the photo, which ``label in parsing`` asks."""
        found = self._find(label)
        if found is None:
            raise KeyError(f"{label} is not in the photo. In it are {', '.join(it.name for it in self.labels)}.")
        return found

    def __contains__(self, label: object) -> bool:
        return isinstance(label, str | int) and self._find(label) is not None

    def mask_of(self, *labels: str | int, person: int | None = None) -> npt.NDArray[np.bool_]:
        """The pixels (height, width) that have one of these labels, by name or id; none of labels that are not in the
        photo. With ``person``, only those of the person with that ``index``.

        Raises:
            ValueError: a person is named, and nobody was looked for.
        """
        ids = [found.id for found in map(self._find, labels) if found]
        inside = np.isin(self.mask, ids)
        if person is None:
            return inside
        if self.instances is None:
            raise ValueError("Nobody was looked for in this photo, so no pixel is one person's. people=“auto” looks.")
        return inside & np.equal(self.instances, person)

    def _contents(self) -> list[str]:
        return [*super()._contents(), "labels: " + ", ".join(label.name for label in self.labels)]

    def _find(self, label: str | int) -> Label | None:
        return next((found for found in self.labels if label in (found.id, found.name)), None)

    def _draw(self, picture: npt.NDArray[np.uint8], opacity: float, labels: Sequence[str | int] | None) -> None:
        shown = [found for found in self.labels if (found.id if labels is None else _is_among(found, labels))]
        draw_labels(picture, self.mask, ((found.id, found.color) for found in shown), opacity)
        if self.instances is not None and len(self.people) > 1:
            draw_outlines(picture, self.instances, wheel(len(self.people)))
        super()._draw(picture, opacity, labels)


@dataclass(frozen=True, kw_only=True, repr=False)
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

    def _contents(self) -> list[str]:
        return [*super()._contents(), f"people: {len(self.people)}"]

    def _draw(self, picture: npt.NDArray[np.uint8], opacity: float, labels: Sequence[str | int] | None) -> None:
        colors = wheel(len(self.people)) if len(self.people) > 1 else [None] * len(self.people)
        for person, color in zip(self.people, colors, strict=True):
            joints = [(joint.x, joint.y) if joint.score >= VISIBLE else None for joint in person.keypoints]
            draw_skeleton(picture, joints, self.skeleton, color)
        super()._draw(picture, opacity, labels)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Analysis(Parsing, Pose):
    """Both, from the same runs of the model."""

    people: tuple[Person, ...]
    """Empty when nobody is in the photo; where people were looked for, the largest box first."""


@dataclass(frozen=True, slots=True)
class ModelLabel:
    """A label that the model knows."""

    id: int
    name: str
    color: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Detector:
    """The card of what finds people in a photo."""

    name: str
    version: str
    license: str
    training_data: str
    description: str
    limits: tuple[str, ...]
    """What it is not to be trusted with, in sentences."""
    threshold: float
    """Least score of a person, 0–1."""
    metrics: Mapping[str, Any]
    """Figures measured when the detector was made."""

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON; what a later service says beyond this is passed over."""
        return cls(**{field.name: answer[field.name] for field in fields(cls)} | {"limits": tuple(answer["limits"])})


@dataclass(frozen=True, slots=True)
class Model:
    """The model's card, and what it runs on."""

    name: str
    version: str
    license: str
    training_data: str
    description: str
    limits: tuple[str, ...]
    """What it is not to be trusted with, in sentences."""
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
    max_people: int
    """People of one photo that are answered at most."""
    detector: Detector | None
    """What finds the people in a photo; None where the one person is answered that a photo is of."""

    @classmethod
    def read(cls, answer: Json) -> Self:
        """From the service's JSON; what a later service says beyond this is passed over."""
        read = {
            "limits": tuple(answer["limits"]),
            "detector": Detector.read(answer["detector"]) if answer["detector"] else None,
            "labels": tuple(ModelLabel(item["id"], item["name"], tuple(item["color"])) for item in answer["labels"]),
            "joints": tuple(answer["joints"]),
            "skeleton": tuple((start, end) for start, end in answer["skeleton"]),
        }
        return cls(**{field.name: answer[field.name] for field in fields(cls)} | read)


def _is_among(label: Label, wanted: Sequence[str | int]) -> bool:
    return label.id in wanted or label.name in wanted


def _instances(answer: Json) -> npt.NDArray[np.uint8] | None:
    """Whose every pixel is, from each person's runs; None where an answer has none."""
    people = answer.get("people")
    if people is None or not all("rle" in person for person in people):
        return None
    size = answer["image"]
    return label_ids(size["height"], size["width"], ((it["index"], it["rle"]["counts"]) for it in people))


def _mask(height: int, width: int, labels: list[Json]) -> npt.NDArray[np.uint8]:
    return label_ids(height, width, ((label["id"], label["rle"]["counts"]) for label in labels))
