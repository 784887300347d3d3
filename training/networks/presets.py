"""Preset recipes: the TOML files in ``training/presets``, by name."""

import tomllib
from pathlib import Path

from training.networks.recipe import Recipe
from training.networks.registry import parse_recipe

PRESETS = Path(__file__).parents[1] / "presets"


def load_recipe(name: str) -> Recipe:
    """The recipe of a preset by name, or of any TOML file by path.

    Raises FileNotFoundError that lists the presets, and ValueError for a file that is no recipe.
    """
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(preset.stem for preset in PRESETS.glob("*.toml")))
        raise FileNotFoundError(f"no recipe {name!r}: give the path of a .toml file or one of: {known}")
    return parse_recipe(tomllib.loads(path.read_text()))
