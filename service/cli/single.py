"""One photo, from a file or from standard input, to a file or to standard output."""

import sys
from pathlib import Path
from typing import Final

from service.cli.photo_search import PlanError

STANDARD: Final = Path("-")
"""Standard input or output, by the custom of Unix."""
STDIN_NAME: Final = Path("stdin")
"""What a photo from standard input is called."""


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
    elif out.exists() and not overwrite:
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
