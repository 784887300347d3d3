"""Preset recipes: the TOML files in ``training/presets``, by name."""

from collections.abc import Sequence
from pathlib import Path

from training.networks.recipe import Recipe
from training.networks.registry import parse_recipe
from training.recipes.overrides import with_overrides
from training.recipes.recipe_error import RecipeError
from training.recipes.recipe_file import read_recipe_file

PRESETS = Path(__file__).parents[1] / "presets"


def load_recipe(name: str, overrides: Sequence[str] = ()) -> Recipe:
    """The recipe of a preset by name, or of any TOML file by path, with ``overrides`` like ``schedule.epochs=10``.

    Raises FileNotFoundError that lists the presets, and RecipeError that names the file and every fault.
    """
    content = read_recipe_file(name, PRESETS)
    try:
        return parse_recipe(with_overrides(content, overrides))
    except RecipeError as error:
        raise type(error)(f"{name}: {error}") from None
