"""Pictures as files."""

from pathlib import Path

import cv2

from training.data.sample import UInt8Array

JPEG_QUALITY = 72


def write_jpeg(picture: UInt8Array, path: Path) -> None:
    """Write an RGB picture (H, W, 3) as JPEG. Raises OSError."""
    _write(picture, path, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])


def write_png(picture: UInt8Array, path: Path) -> None:
    """Write an RGB picture (H, W, 3), or a grey one (H, W), as PNG. Raises OSError."""
    _write(picture, path, ".png", [])


def _write(picture: UInt8Array, path: Path, suffix: str, options: list[int]) -> None:
    """Encode, then write: OpenCV's own writing of files says nothing of a full disk."""
    stored = picture if picture.ndim == 2 else cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    path.write_bytes(cv2.imencode(suffix, stored, options)[1].tobytes())
