"""Find photos in files and folders."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


def find_photos(paths: Sequence[Path]) -> list[Path]:
    """The files named and the photos in the folders named. Raises ValueError where two would share their answers."""
    photos = [photo for path in paths for photo in (_photos_in(path) if path.is_dir() else [path])]
    twice = [name for name, count in Counter(photo.stem for photo in photos).items() if count > 1]
    if twice:
        raise ValueError(f"several photos of one name would overwrite each other's answers: {', '.join(twice)}")
    return photos


def _photos_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in PHOTO_SUFFIXES]
