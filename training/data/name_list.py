"""Name lists: files with one sample name a line."""

from pathlib import Path


def read_names(path: Path) -> list[str]:
    """The names in a file. A name may have spaces in it; those around it, and empty lines, do not count."""
    return [name for line in path.read_text().splitlines() if (name := line.strip())]
