"""Finds jppnet's other packages, ``service``, ``training`` and ``export``, and says why one cannot be imported."""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from types import ModuleType
from typing import Final, Literal

Package = Literal["service", "training", "export"]

MARKS: Final[dict[Package, str]] = {
    "service": "engine/engine.py",
    "training": "networks/registry.py",
    "export": "onnx.py",
}
"""A file of each package, by which it is known from another of the same name."""


def import_module_of(package: Package, module: str) -> ModuleType:
    """A module of one of jppnet's packages.

    Raises:
        ImportError: the package is not installed, or another one of its name hides it; the message says which, and what
            to do.
    """
    name = f"{package}.{module}"
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in (package, name):
            raise  # some library's
    raise ImportError(hidden(package) or _not_installed(package), name=package)


def hidden(package: Package) -> str | None:
    """What hides the installed package, and what to do; None where nothing does."""
    places = list(_places(package))
    loaded = getattr(sys.modules.get(package), "__file__", None)
    if loaded:
        places.insert(0, _place(loaded))
    ours = next((place for place in places if _is_ours(place, package)), None)
    if ours is None or places[0] == ours:
        return None
    return (
        f"{places[0]} hides the package “{package}” of jppnet, which is at {ours}: Python finds that one first. Rename "
        "it; or start Python elsewhere, in an environment that is jppnet's alone, or with the option -P, which keeps "
        "Python from looking where the program is."
    )


def _not_installed(package: Package) -> str:
    return (
        f"The package “{package}” of jppnet is not installed: what runs the model in this process is not in "
        "jppnet-client. In a copy of jppnet's repository, pip install '.[cpu]' installs all. jppnet.Client asks a "
        "service instead."
    )


def _places(package: str) -> Iterator[Path]:
    """All places where Python would find a package of that name, in its order."""
    for folder in dict.fromkeys(sys.path):
        spec = PathFinder.find_spec(package, [folder])
        if spec and spec.origin:  # folders that are no packages hide nothing
            yield _place(spec.origin)


def _place(file: str) -> Path:
    path = Path(file).resolve()
    return path.parent if path.name == "__init__.py" else path


def _is_ours(place: Path, package: Package) -> bool:
    return (place / MARKS[package]).is_file()


def main() -> None:
    """The command ``jppnet``."""
    try:
        cli = import_module_of("service", "cli")
    except ImportError as error:
        if error.name != "service":
            raise
        sys.exit(f"jppnet cannot start: {error}")
    cli.app()
