"""Recipe overrides: single keys of a recipe, set on the command line as ``schedule.epochs=10``."""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any

from training.recipes.recipe_error import RecipeError


def with_overrides(content: Mapping[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """A recipe's tables with some keys set. The values are checked with the rest of the recipe, not here.

    An override is ``TABLE.KEY=VALUE`` or, for a key outside all tables, ``KEY=VALUE``; VALUE is TOML, or else text.
    Raises RecipeError for one that is neither.
    """
    changed = dict(content)
    for override in overrides:
        path, equals, text = override.partition("=")
        keys = path.strip().split(".")
        if not equals or len(keys) > 2 or not all(keys):
            raise RecipeError(f"{override!r} is no override: write TABLE.KEY=VALUE, for example schedule.epochs=10")
        if len(keys) == 1:
            changed[keys[0]] = _value(text)
            continue
        table = changed.get(keys[0], {})
        if not isinstance(table, Mapping):
            raise RecipeError(f"{override!r}: {keys[0]} is no table of the recipe")
        changed[keys[0]] = {**table, keys[1]: _value(text)}
    return changed


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text.strip()
