"""Pixels of HEIC files, decoded by libheif through the package pillow-heif: the extra ``heic``."""

from functools import cache
from importlib.util import find_spec
from io import BytesIO
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt


@cache
def can_read_heic() -> bool:
    """Whether the extra is installed."""
    return find_spec("pillow_heif") is not None


def decode_heic(data: npt.NDArray[np.uint8], has_alpha: bool) -> npt.NDArray[Any] | None:
    """The pixels of a HEIC file, upright, of 8 bits: RGB, or grey, BGR or BGRA with ``has_alpha``, as OpenCV gives
    those of other files; None if they cannot be decoded."""
    import pillow_heif  # takes 50 ms, which processes that see no such file need not

    for option in ("THUMBNAILS", "DEPTH_IMAGES", "AUX_IMAGES"):
        setattr(pillow_heif.options, option, False)
    pillow_heif.options.DECODE_THREADS = 1
    try:
        picture = pillow_heif.open_heif(BytesIO(data.tobytes()), bgr_mode=has_alpha)
        pixels = np.asarray(picture)
    except MemoryError:
        raise
    except (
        Exception
    ):  # whatever the package stumbles over in a broken file: it reads metadata, too, and names no errors
        return None
    if picture.mode in ("L", "LA"):
        pixels = pixels if pixels.ndim == 2 else pixels[..., 0]
        return pixels if has_alpha else np.asarray(cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB))
    return pixels if has_alpha else pixels[..., :3]
