"""What tests of ``jppnet`` share: how a command is run, the photo, and the files that it leaves."""

from collections.abc import Callable
from pathlib import Path

from typer.testing import Result

from service.cli.write_record import RECORD
from tests.helpers.toy_model import paint

Run = Callable[..., Result]
"""Runs ``jppnet`` with arguments."""

PHOTO = paint(192, 256, {1: (40, 80, 80, 80)})


def files_below(folder: Path) -> list[str]:
    """The names of all files in a folder and below it, sorted, but for the record of what was written."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != RECORD)
    return sorted(str(file.relative_to(folder)) for file in files)
