"""A photo's labels and people, from the JSON answer of ``/parse`` with run lengths (``mask=rle``)."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from jppnet.rle import label_ids

Map = npt.NDArray[np.uint8]
BACKGROUND: Final = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What one person wears of one label, or all of a label where nobody was looked for."""

    label: str
    person: int | None
    """The person's index, from 1."""
    pixels: npt.NDArray[np.bool_]
    """(height, width)."""


@dataclass(frozen=True, slots=True)
class ParsedPhoto:
    """Label id and person of every pixel of the upright photo."""

    names: dict[int, str]
    """Label id → name, of the labels that are in the photo."""
    labels: Map
    """(height, width), label ids."""
    people: Map | None
    """(height, width), 0 = nobody, or the person's index; None where nobody was looked for."""

    @classmethod
    def read(cls, answer: bytes) -> Self:
        """Reads an answer.

        Raises:
            ValueError: it is none.
        """
        told = json.loads(answer)
        height, width = told["image"]["height"], told["image"]["width"]
        labels = label_ids(height, width, [(label["id"], label["rle"]["counts"]) for label in told["labels"]])
        people = told.get("people")
        owners = None
        if people is not None:
            owners = label_ids(height, width, [(person["index"], person["rle"]["counts"]) for person in people])
        return cls({label["id"]: label["name"] for label in told["labels"]}, labels, owners)

    @property
    def height(self) -> int:
        """Of the photo, in pixels."""
        return int(self.labels.shape[0])

    @property
    def width(self) -> int:
        """Of the photo, in pixels."""
        return int(self.labels.shape[1])

    def parts(self) -> Iterator[Part]:
        """Everything but the background, person by person and label by label."""
        owners = np.zeros_like(self.labels) if self.people is None else self.people
        codes = owners.astype(np.uint16) << 8 | self.labels
        codes[self.labels == BACKGROUND] = 0
        for code in np.unique(codes[codes > 0]).tolist():
            yield Part(self.names[code & 0xFF], code >> 8 or None, codes == code)
