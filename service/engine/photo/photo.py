"""A photo's file before it is decoded, and the plan of the crops that the model is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from math import ceil
from typing import Final, Self

from service.engine.decoding.decoders import Decoder
from service.engine.decoding.task import Cutout, DecodingTask
from service.engine.photo.boxes import RequestedBox, crop_boxes
from service.engine.scheduling.deadline import Deadline
from service.engine.scheduling.pixel_budget import bytes_to_pixels
from service.imaging.box import Box
from service.imaging.decode import REDUCTIONS, Image
from service.imaging.fit import Fit, FitMode, plan_fit
from service.imaging.inspect import Limits, inspect
from service.imaging.photo_file import Header, PhotoFile
from service.imaging.png import Color

OVERSAMPLING: Final = 1.5
"""Pixels, across and down, that the decoded photo must have for one of the model's input. On the default model's 100
validation photos the masks are as right with 1.6 as with 3.2: mIoU 49.13 and 49.17, 74.68 and 74.63 over 7 parts."""

TIMES_AS_LONG: Final = 2
"""A pixel of a PNG or WebP file takes 20 to 50 ns to decode, one of a JPEG file 10 to 20."""
PIXELS_PER_SCAN_BLOCK: Final = 4
"""Each time that a block of a JPEG file comes with something in it, that takes some 50 to 100 ns."""

ANSWER_BYTES: Final = 6
"""Bytes a pixel that an answer holds while the photo is decoded for it: mask, confidence, the decoded photo."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo's file, inspected and not decoded."""

    file: PhotoFile
    digest: bytes
    """SHA-256, by which the same photo is known again."""
    decoder: Decoder

    @classmethod
    def inspect(cls, data: bytes, limits: Limits, decoder: Decoder) -> Self:
        """Reads a file's header and hash.

        Raises:
            PhotoError: the bytes are no picture that is decoded here, or it is beyond the limits.
        """
        return cls(inspect(data, limits), sha256(data).digest(), decoder)

    @property
    def header(self) -> Header:
        """What the file's header says."""
        return self.file.header

    @property
    def pixels(self) -> int:
        """Pixels of the whole photo."""
        return self.header.pixels

    def decode(self, deadline: Deadline, reduction: int = 1, is_brief: bool = False) -> Image:
        """The upright photo (height, width, 3), RGB, or (height, width, 4) with alpha if it may be transparent.

        Raises:
            PhotoError, MemoryError, DeadlineError, ClosedError, SlowDecodingError: see :class:`Decoder`.
        """
        (photo,) = self.run(DecodingTask(self.header, reduction, keep_alpha=True), deadline, is_brief)
        return photo

    def run(self, task: DecodingTask, deadline: Deadline, is_brief: bool = False) -> list[Image]:
        """The images that a task asks for; see :meth:`decode`."""
        return self.decoder.decode(self.file, task, lambda: not deadline.has_passed, is_brief)


@dataclass(frozen=True, slots=True)
class Crop:
    """A box of a photo that the model is shown in one run, and how it lies in the model's input."""

    box: Box
    fit: Fit


@dataclass(frozen=True, slots=True)
class Plan:
    """The crops of a photo that the model is shown, and the reduction (1, 2, 4 or 8) at which it is decoded."""

    photo: Photo
    width: int
    height: int
    """Of the upright photo."""
    crops: Sequence[Crop]
    reduction: int
    is_of_boxes: bool
    """Whether an answer draws each crop by itself, and not the photo as a whole."""

    @property
    def pixels(self) -> int:
        """Pixels that are decoded."""
        return ceil(self.width / self.reduction) * ceil(self.height / self.reduction)

    @property
    def weight(self) -> int:
        """What decoding counts in the budget: the pixels that are decoded, or as many as take that much memory."""
        return max(self.pixels, bytes_to_pixels(self.photo.header.decoding_bytes(self.reduction)))

    @property
    def decoding_work(self) -> int:
        """What decoding counts as by its time: the pixels that are decoded, or as many of a JPEG file as take as long
        or as much memory."""
        header = self.photo.header
        if header.type != "jpeg":
            return max(self.weight, TIMES_AS_LONG * self.pixels)
        return max(self.weight, PIXELS_PER_SCAN_BLOCK * header.scan_blocks)

    @property
    def answer_pixels(self) -> int:
        """Pixels that an answer draws at a time: a photo's. Boxes are drawn one after the other into one mask, and
        what each takes, with that mask, is less than a cutout of the whole photo does."""
        return self.photo.pixels

    @property
    def answer_work(self) -> int:
        """Pixels that an answer draws in all: the photo's, and those of each box that was asked about."""
        of_boxes = sum(crop.box.width * crop.box.height for crop in self.crops)
        return self.photo.pixels + (of_boxes if self.is_of_boxes else 0)

    @property
    def answer_weight(self) -> int:
        """What an answer counts in the budget: the pixels that it may draw, or as many as take the memory that decoding
        the photo for that takes, beside the masks and the decoded photo that is handed over."""
        header = self.photo.header
        return max(self.answer_pixels, bytes_to_pixels(header.decoding_bytes() + ANSWER_BYTES * header.pixels))

    def decode_inputs(self, pad_color: Color, deadline: Deadline, is_brief: bool = False) -> list[Image]:
        """Decodes the photo and makes the model's inputs (H, W, 3) of it, in the order of ``crops``.

        Raises:
            PhotoError, MemoryError, DeadlineError, ClosedError, SlowDecodingError: see :class:`Decoder`.
        """
        return self.photo.run(self._task(pad_color), deadline, is_brief)

    def decode_inputs_with(
        self, other: Fit, other_pad: Color, pad_color: Color, deadline: Deadline, is_brief: bool = False
    ) -> tuple[Image, list[Image]]:
        """:meth:`decode_inputs`, and first of all the whole photo as another model's input, from one decoding."""
        task = self._task(pad_color)
        whole = Box(0, 0, self.width, self.height).reduced(self.reduction)
        task = replace(task, cutouts=[Cutout(whole, other, other_pad), *task.cutouts])
        first, *rest = self.photo.run(task, deadline, is_brief)
        return first, rest

    def _task(self, pad_color: Color) -> DecodingTask:
        cutouts = [Cutout(crop.box.reduced(self.reduction), crop.fit, pad_color) for crop in self.crops]
        return DecodingTask(self.photo.header, self.reduction, cutouts)


def plan(photo: Photo, boxes: Sequence[RequestedBox], model_input: tuple[int, int], mode: FitMode) -> Plan:
    """The plan of a photo for a model with an input of (height, width): a crop around each box, or the whole photo.

    Raises:
        BoxOutsideError: a box has nothing of the photo in it.
    """
    width, height = photo.header.upright_size
    views = crop_boxes(boxes, width, height)
    crops = [Crop(view, plan_fit((view.height, view.width), model_input, mode)) for view in views]
    # In a photo made smaller, boxes would lie between the pixels.
    reduction = 1 if boxes else _reduction(photo.header, crops[0].fit)
    return Plan(photo, width, height, crops, reduction, is_of_boxes=bool(boxes))


def plan_detection(whole: Plan, detector_fit: Fit) -> Plan:
    """The plan of a whole photo, decoded so that it has enough pixels for the model and for the detector."""
    return replace(whole, reduction=min(whole.reduction, _reduction(whole.photo.header, detector_fit)))


def plan_crops(whole: Plan, boxes: Sequence[Box], mode: FitMode, are_apart: bool) -> Plan:
    """Crops of a photo that was seen as a whole, for a closer look; each box grows by less than 8 pixels a side, so
    that it lies on whole pixels of the photo as it is decoded. ``are_apart``: see :attr:`Plan.is_of_boxes`."""
    photo, first = whole.photo, whole.crops[0].fit
    model_input = (first.input_height, first.input_width)
    reduction = min(_reduction(photo.header, plan_fit((box.height, box.width), model_input, mode)) for box in boxes)
    if photo.header.orientation != 1 and (whole.width % reduction or whole.height % reduction):
        reduction = 1  # the file's last pixels, which a reduction rounds up, are not the upright photo's last
    aligned = [box.aligned(reduction).within(whole.width, whole.height) for box in boxes]
    crops = [Crop(box, plan_fit((box.height, box.width), model_input, mode)) for box in aligned]
    return replace(whole, crops=crops, reduction=reduction, is_of_boxes=are_apart)


def plan_second_pass(whole: Plan, box: Box) -> Plan:
    """The plan of a closer look at one person; see :func:`plan_crops`."""
    return plan_crops(whole, [box], "letterbox", are_apart=False)


def _reduction(header: Header, fit: Fit) -> int:
    """The strongest reduction that leaves enough pixels. Only JPEG has a way to decode fewer at less cost."""
    if header.type != "jpeg":
        return 1
    spare = min(fit.photo_width / fit.width, fit.photo_height / fit.height) / OVERSAMPLING
    return max(reduction for reduction in REDUCTIONS if reduction <= max(1, spare))
