"""Folders of photos, with some that cannot be read."""

from pathlib import Path

from tests.helpers.toy_model import jpeg, paint

BROKEN = {"broken/cut.jpg": "The file is cut off", "broken/empty.jpg": "empty", "broken/text.jpg": "not a picture"}
"""The photos of an album that are broken, and what is said of each."""


def make_album(folder: Path, photos: int, width: int = 160, height: int = 120) -> Path:
    """A folder with that many different photos, some in a folder of their own, three broken ones and a text."""
    for number in range(photos):
        file = folder / ("more" if number % 3 == 0 else ".") / f"{number:04}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(paint(width, height, {1: (10 + number % 40, 20, 60, 60), 3: (40, 5, 20, 30)})))
    whole = (folder / "more" / "0000.jpg").read_bytes()
    (folder / "broken").mkdir()
    (folder / "broken" / "cut.jpg").write_bytes(whole[:700])
    (folder / "broken" / "empty.jpg").write_bytes(b"")
    (folder / "broken" / "text.jpg").write_text("no photo")
    (folder / "notes.txt").write_text("not even named like one")
    return folder
