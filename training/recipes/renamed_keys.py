"""Renamed recipe keys: recipes and checkpoints written with the old names are read as if they had the new ones."""

from collections.abc import Mapping
from typing import Any, Final

from training.recipes.recipe_error import RecipeError

RENAMED_KEYS: Final[Mapping[str, Mapping[str, str]]] = {
    "augmentation": {"empty": "background_crop", "company": "copy_paste", "distance": "zoom_out"},
}
"""Table of the recipe → old key → new key."""


def with_new_keys(content: Mapping[str, Any]) -> dict[str, Any]:
    """The tables of a recipe with every old key under its new name.

    Raises RecipeError where a table has a key under both names.
    """
    renamed = dict(content)
    for table, keys in RENAMED_KEYS.items():
        values = content.get(table)
        if not isinstance(values, Mapping):
            continue
        if both := [old for old, new in keys.items() if old in values and new in values]:
            names = ", ".join(f"{keys[old]} and, under its old name, {old}" for old in both)
            raise RecipeError(f"the recipe's table {table} has {names}: leave the old one out")
        renamed[table] = {keys.get(key, key): value for key, value in values.items()}
    return renamed
