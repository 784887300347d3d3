"""A decoding task, which can be sent to another process."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from service.imaging.box import Box
from service.imaging.decode import Image, decode_clean
from service.imaging.fit import Fit, fit_photo
from service.imaging.photo_file import Header


@dataclass(frozen=True, slots=True)
class Cutout:
    """A box of the decoded photo, how that is laid into a model's input, and the colour (RGB) of what is beside it."""

    box: Box
    fit: Fit
    pad_color: tuple[int, int, int] = (0, 0, 0)


@dataclass(frozen=True, slots=True)
class DecodingTask:
    """A photo at a reduction: the cutouts of it, fitted to the model's input; without any, the photo itself."""

    header: Header
    reduction: int = 1
    cutouts: Sequence[Cutout] = ()
    keep_alpha: bool = False
    """Whether the photo itself comes with its alpha, if it may have any; cutouts of it are always laid on white."""

    @property
    def shapes(self) -> list[tuple[int, int, int]]:
        """The shapes of the images that :meth:`run` gives."""
        if self.cutouts:
            return [(cutout.fit.input_height, cutout.fit.input_width, 3) for cutout in self.cutouts]
        width, height = self.header.upright_size
        channels = 4 if self.keep_alpha and self.header.is_transparent else 3
        return [(ceil(height / self.reduction), ceil(width / self.reduction), channels)]

    @property
    def result_bytes(self) -> int:
        """The size of all images that :meth:`run` gives."""
        return sum(height * width * depth for height, width, depth in self.shapes)

    def run(self, data: npt.NDArray[np.uint8]) -> list[Image]:
        """Decodes the clean file that belongs to the header.

        Raises:
            CorruptPhotoError: the file is damaged.
            MemoryError: there is too little memory.
        """
        photo = decode_clean(data, self.header, self.reduction, self.keep_alpha)
        if not self.cutouts:
            return [photo]
        return [fit_photo(photo[cutout.box.area], cutout.fit, cutout.pad_color) for cutout in self.cutouts]
