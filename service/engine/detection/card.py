"""The card of a detector's file: what the service knows about it, checked before anything is served."""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field, JsonValue

from service.engine.model.card import Byte, CardModel, Share, decode_png, parse_card
from service.imaging.decode import Image

KIND: Final = "detect"
"""What the card of a detector says under ``kind``."""


class DetectorGolden(CardModel):
    """An input whose people are known, and how close to them an answer must come."""

    image: str
    boxes: list[tuple[float, float, float, float]] = Field(min_length=1)
    scores: list[Share]
    min_overlap: Share
    max_score_difference: Share

    def decoded_image(self) -> Image:
        """The input (H, W, 3), RGB."""
        return decode_png(self.image, is_grey=False)

    def box_array(self) -> npt.NDArray[np.float32]:
        """The boxes (K, 4) that must come back: left, top, right, bottom in input pixels."""
        return np.array(self.boxes, np.float32)


class DetectorCard(CardModel):
    """The card of schema 1 and kind ``detect``, as the model file's document defines it."""

    kind: Literal["detect"]
    name: str
    version: str
    license: str
    training_data: str
    description: str
    limits: list[str] = Field(default_factory=list)
    precision: Literal["fp32", "fp16", "int8"]
    fit: Literal["letterbox"]
    pad_color: tuple[Byte, Byte, Byte]
    side: int = Field(ge=32, le=2048)
    """Of the square that has as many pixels as the input."""
    multiple: int = Field(ge=1, le=256)
    """Height and width of the input are multiples of this."""
    score: Share
    """The threshold: candidates below it are nobody."""
    most_overlap: Share
    """Intersection over union above which a box is a surer one's double."""
    metrics: dict[str, JsonValue]
    golden: DetectorGolden


def read_detector_card(metadata: dict[str, str], file: str) -> DetectorCard:
    """Reads the card from a detector file's metadata.

    Raises:
        StartError: there is no card, it is of another schema or kind, or something in it is missing or wrong.
    """
    return parse_card(DetectorCard, metadata, file, "`python -m export.detector`")
