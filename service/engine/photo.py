"""A photo's file before it is decoded: what its header says, and what of it the model is to be shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from typing import Final, Self

from service.engine.boxes import AskedBox, views_of
from service.imaging.box import Box
from service.imaging.decode import REDUCTIONS, Image, decode_file, inspect
from service.imaging.fit import Fit, FitMode, fit_photo, plan_fit
from service.imaging.header import Header
from service.imaging.png import Color

ENOUGH: Final = 1.5
"""Pixels, across and down, that the decoded photo must have for one of the model's input. On the default model's 100
validation photos the masks are as right with 1.6 as with 3.2: mIoU 49.13 and 49.17, 74.68 and 74.63 over 7 parts."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo's file, looked at and not decoded."""

    data: bytes
    header: Header
    digest: bytes
    """SHA-256, by which the same photo is known again."""

    @classmethod
    def look_at(cls, data: bytes, max_pixels: int) -> Self:
        """Reads a file's header and hash.

        Raises:
            PhotoError: the bytes are no picture that is decoded here, or it has more than ``max_pixels``.
        """
        return cls(data, inspect(data, max_pixels), sha256(data).digest())

    @property
    def pixels(self) -> int:
        """Pixels of the whole photo."""
        return self.header.width * self.header.height

    def decode(self, reduction: int = 1) -> Image:
        """The upright photo (height, width, 3), RGB.

        Raises:
            PhotoError: the file is cut off or damaged.
        """
        return decode_file(self.data, self.header, reduction)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the model is shown of a photo in one run: a box of it, and how that lies in the model's input."""

    box: Box
    fit: Fit


@dataclass(frozen=True, slots=True)
class Plan:
    """What the model is shown of a photo, and at which reduction (1, 2, 4 or 8) that is decoded."""

    photo: Photo
    width: int
    height: int
    """Of the upright photo."""
    shown: Sequence[Shown]
    reduction: int
    is_of_boxes: bool

    @property
    def pixels(self) -> int:
        """Pixels that are decoded."""
        return ceil(self.width / self.reduction) * ceil(self.height / self.reduction)

    @property
    def answer_pixels(self) -> int:
        """Pixels that an answer draws at a time: a photo's. Boxes are drawn one after the other into one mask, and
        what each takes, with that mask, is less than a cutout of the whole photo does."""
        return self.photo.pixels

    @property
    def answer_work(self) -> int:
        """Pixels that an answer draws in all: the photo's, and those of each box that was asked about."""
        of_boxes = sum(shown.box.width * shown.box.height for shown in self.shown)
        return self.photo.pixels + (of_boxes if self.is_of_boxes else 0)

    def inputs(self, pad_color: Color) -> list[Image]:
        """Decodes the photo and makes the model's inputs (H, W, 3) of it, in the order of ``shown``.

        Raises:
            PhotoError: the file is cut off or damaged.
        """
        photo = self.photo.decode(self.reduction)
        return [fit_photo(photo[shown.box.reduced(self.reduction).area], shown.fit, pad_color) for shown in self.shown]


def plan(photo: Photo, boxes: Sequence[AskedBox], model_input: tuple[int, int], mode: FitMode) -> Plan:
    """What a model with an input of (height, width) is shown of a photo: the surroundings of each box, or all of it.

    Raises:
        BoxOutsideError: a box has nothing of the photo in it.
    """
    width, height = photo.header.upright_size
    views = views_of(boxes, width, height)
    shown = [Shown(view, plan_fit((view.height, view.width), model_input, mode)) for view in views]
    # In a photo made smaller, boxes would lie between the pixels.
    reduction = 1 if boxes else _reduction(photo.header, shown[0].fit)
    return Plan(photo, width, height, shown, reduction, is_of_boxes=bool(boxes))


def plan_closer(whole: Plan, box: Box) -> Plan:
    """A box of a photo that the model was shown as a whole; the box grows by less than 8 pixels a side, so that it lies
    on whole pixels of the photo as it is decoded."""
    photo, first = whole.photo, whole.shown[0].fit
    model_input = (first.input_height, first.input_width)
    reduction = _reduction(photo.header, plan_fit((box.height, box.width), model_input, "letterbox"))
    if photo.header.orientation != 1 and (whole.width % reduction or whole.height % reduction):
        reduction = 1  # the file's last pixels, which a reduction rounds up, are not the upright photo's last
    box = box.aligned(reduction).within(whole.width, whole.height)
    shown = Shown(box, plan_fit((box.height, box.width), model_input, "letterbox"))
    return replace(whole, shown=[shown], reduction=reduction)


def _reduction(header: Header, fit: Fit) -> int:
    """The strongest reduction that leaves enough pixels. Only JPEG has a way to decode fewer at less cost."""
    if header.type != "jpeg":
        return 1
    spare = min(fit.photo_width / fit.width, fit.photo_height / fit.height) / ENOUGH
    return max(reduction for reduction in REDUCTIONS if reduction <= max(1, spare))
