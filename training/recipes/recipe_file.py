"""Recipe files: TOML files by path, or presets by name."""

import tomllib
from pathlib import Path
from typing import Any

from training.recipes.recipe_error import RecipeError


def read_recipe_file(name: str, presets: Path) -> dict[str, Any]:
    """The tables of a preset of a folder by its name, or of any TOML file by its path.

    Raises FileNotFoundError that lists the presets, and RecipeError for a file that is not TOML.
    """
    path = Path(name) if name.endswith(".toml") else presets / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(preset.stem for preset in presets.glob("*.toml")))
        raise FileNotFoundError(f"no recipe {name!r}: give the path of a .toml file or one of: {known}")
    try:
        return tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is no TOML file: {error}") from None
