"""One photo, from a file or from standard input, to a file or to standard output."""

import sys
from pathlib import Path
from typing import Final

from service.cli.photo_search import PICTURE_SUFFIXES, PlanError
from service.imaging.photo_file import PHOTO_SUFFIXES

STANDARD: Final = Path("-")
"""Standard input or output, by the custom of Unix."""
STDIN_NAME: Final = Path("stdin")
"""What a photo from standard input is called."""


FILE_SUFFIXES: Final = PHOTO_SUFFIXES | PICTURE_SUFFIXES | {".json", ".xml", ".txt", ".csv", ".npy"}
"""Suffixes by which --out is the file of one photo's answer, be it a kind that answers have or not."""
SAME: Final = {".jpeg": ".jpg", ".jpe": ".jpg"}


def is_file(out: Path) -> bool:
    """Whether --out is a file: by its suffix, or because there is one, or a device."""
    return not out.is_dir() and (out.suffix.lower() in FILE_SUFFIXES or out.exists())


def check_suffix(out: Path, suffix: str) -> None:
    """Raises:
    PlanError: the name of a file says that the answer is something that it is not.
    """
    named, right = out.suffix.lower(), suffix[suffix.rindex(".") :]
    if named in FILE_SUFFIXES and SAME.get(named, named) != right:
        raise PlanError(f"This answer is a {right} file, and {out} is none. Name another, or another --format.")


def read_photo(photo: Path) -> bytes:
    """The photo's bytes.

    Raises:
        PlanError: there are none.
    """
    if photo != STANDARD:
        try:
            return photo.read_bytes()
        except OSError as error:
            raise PlanError(f"{photo} cannot be read: {error.strerror}.") from None
    if sys.stdin.isatty():
        raise PlanError("There is no photo on standard input. Send one: jppnet … - < photo.jpg")
    return sys.stdin.buffer.read()


def check_output(out: Path, suffix: str, overwrite: bool) -> None:
    """Raises:
    PlanError: the answer must not be written there.
    """
    if out == STANDARD:
        if suffix in (".png", ".jpg") and sys.stdout.isatty():
            raise PlanError(
                "The answer is a picture, and standard output is a terminal. Write it to a file: > mask.png"
            )
    elif out.is_file() and not overwrite:
        raise PlanError(f"{out} is there. Name another file, or --overwrite it.")


def write_answer(content: bytes, out: Path) -> None:
    """Writes an answer; JSON ends with a line break on standard output.

    Raises:
        PlanError: it cannot be written.
    """
    try:
        if out == STANDARD:
            sys.stdout.buffer.write(content + (b"\n" if content[:1] in b"[{" else b""))
            sys.stdout.buffer.flush()
        else:
            out.write_bytes(content)
    except OSError as error:
        raise PlanError(f"{out} cannot be written: {error.strerror}.") from None
