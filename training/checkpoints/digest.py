"""SHA-256 of a checkpoint's file: says which checkpoint a measurement belongs to."""

import hashlib
from pathlib import Path


def digest(path: Path) -> str:
    """SHA-256 of a file: which checkpoint a measurement is of."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
