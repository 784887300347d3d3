"""Preset recipes: the TOML files in ``training/presets``, by name."""

import tomllib
from collections.abc import Sequence
from pathlib import Path

from training.networks.recipe import Recipe
from training.networks.registry import parse_recipe
from training.recipes.overrides import with_overrides
from training.recipes.recipe_error import RecipeError

PRESETS = Path(__file__).parents[1] / "presets"


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a preset by name, or of any TOML file by path, with ``overrides`` like ``schedule.epochs=10``.

    Raises FileNotFoundError that lists the presets, and RecipeError that names the file and every fault.
    """
    path = Path(name) if name.endswith(".toml") else PRESETS / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(preset.stem for preset in PRESETS.glob("*.toml")))
        raise FileNotFoundError(f"no recipe {name!r}: give the path of a .toml file or one of: {known}")
    try:
        return parse_recipe(with_overrides(tomllib.loads(path.read_text()), overrides))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path} is no TOML file: {error}") from None
    except RecipeError as error:
        raise type(error)(f"{name}: {error}") from None
