"""The photos in files, folders and patterns, and what lies beside them and is left out."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from service.imaging.photo_file import PHOTO_SUFFIXES

PICTURE_SUFFIXES: Final = frozenset(
    {".bmp", ".tif", ".tiff", ".jxl", ".jp2", ".psd"} | {".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".rw2"}
)
"""Suffixes of pictures that people keep beside photos; of those that are no photos here, it is said that they are left
out."""
APPLE_DOUBLE: Final = "._"
"""How the names of files begin in which macOS keeps attributes of others; no photos, whatever their suffix."""
NAMED: Final = 3
"""How many of the files that are left out are named."""


class PlanError(ValueError):
    """The arguments cannot be carried out; the message says what to change."""


@dataclass(slots=True)
class LeftOut:
    """What was found where photos were looked for, and is not answered."""

    pictures: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))
    """Pictures of types that are not read, by suffix."""
    links: list[Path] = field(default_factory=list)
    """Linked folders, which are not entered: they may lead in circles."""
    unreadable: list[Path] = field(default_factory=list)
    """Folders that may not be read, and links that lead nowhere."""

    def sentences(self) -> list[str]:
        """What it is, a sentence each; none if there is nothing."""
        said = [
            f"{_count(len(files), f'{suffix} file')} left out, which {'is' if len(files) == 1 else 'are'} not read: "
            f"{_named(files)}. Convert to JPEG or PNG."
            for suffix, files in sorted(self.pictures.items())
        ]
        if self.links:
            said.append(
                f"{_count(len(self.links), 'linked folder')} left out: {_named(self.links)}. Name a linked folder to "
                "have its photos answered."
            )
        if self.unreadable:
            count = _count(len(self.unreadable), "path")
            said.append(f"{count} left out, which cannot be read: {_named(self.unreadable)}.")
        return said


@dataclass(slots=True)
class Found:
    """Photos, each with its place: the path below the folder named or before the pattern, or its file name."""

    photos: list[tuple[Path, Path]] = field(default_factory=list)
    left_out: LeftOut = field(default_factory=LeftOut)


def find_photos(path: Path, found: Found) -> None:
    """Adds the photos at a path: a file, a folder with all below it, or a pattern.

    Raises:
        PlanError: there is nothing, or something that is neither.
    """
    if path.is_dir():
        found.photos += [(photo, photo.relative_to(path)) for photo in _photos(_files_below(path, found), found)]
    elif not path.exists() and _is_pattern(str(path)):
        folder = _folder_before(path)
        pattern = path.relative_to(folder)
        # Before Python 3.13, “**” at the end would find nothing but folders.
        files = folder.glob(str(pattern / "*" if pattern.name == "**" else pattern))
        found.photos += [(photo, photo.relative_to(folder)) for photo in _photos(files, found)]
    elif path.is_file() or not path.exists():
        if path.suffix.lower() not in PHOTO_SUFFIXES and not path.exists():
            raise PlanError(f"There is nothing at {path}.")
        found.photos.append((path, Path(path.name)))
    else:
        raise PlanError(f"{path} is neither a file nor a folder. Write what comes from it into a file first.")


def _folder_before(pattern: Path) -> Path:
    """Folders before the first part that is a pattern. One that is there by that name, like “2024 [raw]”, is none."""
    folder = Path()
    for part in pattern.parts:
        if _is_pattern(part) and not (folder / part).is_dir():
            break
        folder /= part
    return folder


def _files_below(folder: Path, found: Found) -> Iterator[Path]:
    def note(error: OSError) -> None:
        found.left_out.unreadable.append(Path(error.filename))

    for place, folders, files in os.walk(folder, onerror=note):
        here = Path(place)
        found.left_out.links += sorted(here / name for name in folders if (here / name).is_symlink())
        yield from (here / name for name in files)


def _photos(files: Iterable[Path], found: Found) -> list[Path]:
    photos = []
    for file in sorted(files):
        suffix = file.suffix.lower()
        if file.name.startswith(APPLE_DOUBLE):
            continue
        if suffix in PHOTO_SUFFIXES:
            if file.is_file():
                photos.append(file)
            elif file.is_symlink() and not file.exists():
                found.left_out.unreadable.append(file)
        elif suffix in PICTURE_SUFFIXES and file.is_file():
            found.left_out.pictures[suffix].append(file)
    return photos


def _is_pattern(text: str) -> bool:
    return any(sign in text for sign in "*?[")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _named(files: list[Path]) -> str:
    named = ", ".join(map(str, files[:NAMED]))
    return named + (f" and {len(files) - NAMED} more" if len(files) > NAMED else "")
