"""The model file's card: everything the service knows about a model, checked before anything is served."""

import base64
from typing import Annotated, Literal, Self, TypeVar

import cv2
import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, JsonValue, TypeAdapter, ValidationError, model_validator

from service.engine.errors import StartError
from service.imaging.decode import Image
from service.imaging.fit import FitMode
from service.imaging.png import Color

METADATA_KEY = "jppnet.card"
SCHEMA = 1
NOT_STATED = "not stated"
"""What a card says where nobody said anything."""

Byte = Annotated[int, Field(ge=0, le=255)]
Share = Annotated[float, Field(ge=0, le=1)]
Pair = tuple[int, int]


class CardModel(BaseModel):
    """A frozen part of the card; keys that a later exporter adds are passed over."""

    model_config = ConfigDict(frozen=True)


class Label(CardModel):
    """A part label: the pixel value in a mask, its name and the colour that shows it."""

    id: Byte
    name: str
    color: tuple[Byte, Byte, Byte]


class Golden(CardModel):
    """An input whose answer is known, and how close to it an answer must come.

    It has labels and their agreement where the model has labels, and key points and their distance where it has joints.
    """

    image: str
    labels: str | None = None
    keypoints: list[tuple[float, float, float]] = []
    min_label_agreement: Share | None = None
    max_keypoint_distance: float | None = None

    def decoded_image(self) -> Image:
        """The input (H, W, 3), RGB."""
        return decode_png(self.image, is_grey=False)

    def decoded_labels(self) -> Image | None:
        """The label grid (h, w) that must come back, if the model has labels."""
        return None if self.labels is None else decode_png(self.labels, is_grey=True)

    def keypoint_array(self) -> npt.NDArray[np.float32]:
        """The key points (J, 3) that must come back: x, y in input pixels, score."""
        return np.array(self.keypoints, np.float32).reshape(-1, 3)


class Card(CardModel):
    """The card of schema 1, as the model file's document defines it. A model for parsing alone has no joints, one for
    pose alone no labels."""

    name: str
    version: str
    license: str
    training_data: str
    description: str
    limits: list[str] = []
    """Sentences that say what it is not to be trusted with."""
    precision: Literal["fp32", "fp16", "int8"]
    fit: FitMode
    pad_color: tuple[Byte, Byte, Byte]
    labels: list[Label]
    synonyms: dict[str, list[int]] = {}
    """Another label set's name → ids of the labels that are the same together."""
    label_flip_pairs: list[Pair]
    joints: list[str]
    joint_flip_pairs: list[Pair]
    skeleton: list[Pair]
    metrics: dict[str, JsonValue]
    golden: Golden

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.labels and not self.joints:
            raise ValueError("there are neither labels nor joints")
        if len(self.labels) == 1:
            raise ValueError("labels has only the background")
        if [label.id for label in self.labels] != list(range(len(self.labels))):
            raise ValueError("label ids must be 0, 1, 2 … in order")
        for name, pairs, count in (
            ("label_flip_pairs", self.label_flip_pairs, len(self.labels)),
            ("joint_flip_pairs", self.joint_flip_pairs, len(self.joints)),
            ("skeleton", self.skeleton, len(self.joints)),
        ):
            if any(not 0 <= index < count for pair in pairs for index in pair):
                raise ValueError(f"{name} names an index outside 0–{count - 1}" if count else f"{name} must be empty")
        for name, ids in self.synonyms.items():
            if not ids or not all(0 <= label < len(self.labels) for label in ids):
                raise ValueError(f"synonyms.{name} is not a list of label ids")
        if len(self.golden.keypoints) != len(self.joints):
            raise ValueError(f"golden.keypoints has {len(self.golden.keypoints)} rows for {len(self.joints)} joints")
        for name, figure, names in (
            ("labels", self.golden.labels, self.labels),
            ("min_label_agreement", self.golden.min_label_agreement, self.labels),
            ("max_keypoint_distance", self.golden.max_keypoint_distance, self.joints),
        ):
            if names and figure is None:
                raise ValueError(f"golden.{name} is missing")
        return self

    @property
    def title(self) -> str:
        """Name and version, as far as they are stated."""
        return self.name if self.version == NOT_STATED else f"{self.name} {self.version}"

    @property
    def palette(self) -> list[Color]:
        """The labels' colours; the index is the label id."""
        return [label.color for label in self.labels]


C = TypeVar("C", bound=CardModel)


def read_card(metadata: dict[str, str], file: str) -> Card:
    """Reads the card from a model file's metadata.

    Raises:
        StartError: there is no card, it is of another schema or a detector's, or something in it is missing or wrong.
    """
    return parse_card(Card, metadata, file, "`python -m export.onnx`")


def parse_card(kind: type[C], metadata: dict[str, str], file: str, exporter: str) -> C:
    """Reads a card from a file's metadata; ``exporter`` is the command that writes such files.

    Raises:
        StartError: there is no card, it is of another schema or kind, or something in it is missing or wrong.
    """
    text = metadata.get(METADATA_KEY)
    if text is None:
        raise StartError(
            f"{file} has no “{METADATA_KEY}” in its metadata: it was not written by jppnet's exporter. "
            f"Export the checkpoint with {exporter}."
        )
    try:
        content = TypeAdapter(dict[str, JsonValue]).validate_json(text)
        if content.get("schema") != SCHEMA:
            raise StartError(
                f"{file} has a card of schema {content.get('schema')!r}; this version of the service reads schema "
                f"{SCHEMA}. Use the service that belongs to the model, or export the model anew."
            )
        return kind.model_validate(content)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'card'}: {e['msg']}" for e in error.errors())
        raise StartError(f"{file} has a card that cannot be used: {wrong}.") from None


def decode_png(text: str, is_grey: bool) -> Image:
    """A PNG in base64 as a plane (H, W), or as RGB (H, W, 3).

    Raises:
        StartError: it is none.
    """
    flags = cv2.IMREAD_GRAYSCALE if is_grey else cv2.IMREAD_COLOR_RGB
    try:
        image = cv2.imdecode(np.frombuffer(base64.b64decode(text, validate=True), np.uint8), flags)
    except (ValueError, cv2.error):
        image = None
    if image is None:
        raise StartError("The model's card holds a golden picture that is no PNG.")
    return np.asarray(image, np.uint8)
