"""Find photos in files and folders."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from training.errors.input_error import InputError

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp"})


def find_photos(paths: Sequence[Path]) -> list[Path]:
    """The named files, and the photos in the named folders. Raises
    InputError for two photos of the same name, and FileNotFoundError."""
    if missing := [str(path) for path in paths if not path.exists()]:
        raise FileNotFoundError(f"there is no {', '.join(missing)}")
    photos = [photo for path in paths for photo in (_photos_in(path) if path.is_dir() else [path])]
    twice = [name for name, count in Counter(photo.stem for photo in photos).items() if count > 1]
    if twice:
        raise InputError(
            f"several photos have one name, and their results would overwrite each other: {', '.join(twice)}"
        )
    return photos


def _photos_in(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.iterdir()) if path.suffix.lower() in PHOTO_SUFFIXES]
