"""A whole photo as the detector and the model are shown it, decoded when it is needed and no larger than it need be."""

from dataclasses import replace
from typing import Final

from service.engine.photo.photo import Plan
from service.engine.scheduling.deadline import Deadline
from service.imaging.decode import Image
from service.imaging.fit import Fit, fit_photo
from service.imaging.png import Color

ENOUGH: Final = 1.2
"""How many times as large as in the detector's small input a photo must be in the model's for the one to be made from
the other: a photo of 9:16 or 16:9 is, in the inputs of the shipped models. That takes a fifth of the time that it takes
from the decoded photo, and finds as many people (docs/detector.md, "Two runs")."""


class DetectionInputs:
    """The detector's inputs of a photo, and the model's of the whole of it.

    The detector looks at a small input first, which is made from the model's. Its large one is seldom needed where one
    person fills the photo, and may need more of the photo's pixels than the model does: the photo is decoded anew then.
    """

    def __init__(
        self,
        for_model: Plan,
        for_both: Plan,
        large: Fit,
        pad_colors: tuple[Color, Color],
        deadline: Deadline,
        is_brief: bool,
    ) -> None:
        """``for_model`` decodes enough pixels for the model's input, ``for_both`` also for the detector's ``large``
        one. ``pad_colors`` are the detector's and the model's. ``is_brief``: see :meth:`Plan.decode_inputs`."""
        self._for_model = for_model
        self._for_both = for_both
        self._large_fit = large
        self._detector_pad, self._model_pad = pad_colors
        self._deadline = deadline
        self._is_brief = is_brief
        self._large: Image | None = None
        self._of_model: Image | None = None

    def of_detector(self, fit: Fit) -> Image:
        """The detector's input (H, W, 3) with that fit: the large one, or one that is smaller.

        Raises:
            PhotoError, MemoryError, DeadlineError, ClosedError, SlowDecodingError: see :class:`Decoder`.
        """
        if fit == self._large_fit:
            return self._large_one()
        of_model = self._for_model.crops[0].fit
        if _is_enough(of_model, fit):
            return _shrunk(self.of_model(), of_model, fit, self._detector_pad)
        return _shrunk(self._large_one(), self._large_fit, fit, self._detector_pad)

    def of_model(self) -> Image:
        """The model's input (H, W, 3) of the whole photo.

        Raises:
            PhotoError, MemoryError, DeadlineError, ClosedError, SlowDecodingError: see :class:`Decoder`.
        """
        if self._of_model is None:
            if self._for_model.reduction == self._for_both.reduction:
                self._large_one()
            else:
                (self._of_model,) = self._for_model.decode_inputs(self._model_pad, self._deadline, self._is_brief)
        assert self._of_model is not None
        return self._of_model

    def _large_one(self) -> Image:
        if self._large is None:
            crops = self._for_both.crops if self._of_model is None else ()
            self._large, of_model = replace(self._for_both, crops=crops).decode_inputs_with(
                self._large_fit, self._detector_pad, self._model_pad, self._deadline, self._is_brief
            )
            self._of_model = of_model[0] if of_model else self._of_model
        return self._large


def _is_enough(larger: Fit, smaller: Fit) -> bool:
    return larger.width >= ENOUGH * smaller.width and larger.height >= ENOUGH * smaller.height


def _shrunk(image: Image, fit: Fit, smaller: Fit, pad_color: Color) -> Image:
    """A photo's smaller input, from a larger one that it is laid into with ``fit``."""
    photo = image[fit.top : fit.top + fit.height, fit.left : fit.left + fit.width]
    return fit_photo(photo, replace(smaller, photo_width=fit.width, photo_height=fit.height), pad_color)
