"""A recipe as the text of a TOML file."""

import json

from pydantic import BaseModel


def recipe_toml(recipe: BaseModel) -> str:
    """The whole recipe, with the keys that have their default. JSON's strings, numbers and arrays are TOML's, too."""
    content = recipe.model_dump(mode="json", exclude_none=True)
    tables = {key: value for key, value in content.items() if isinstance(value, dict)}
    lines = [f"{key} = {_toml(value)}" for key, value in content.items() if key not in tables]
    for name, table in tables.items():
        lines += ["", f"[{name}]", *(f"{key} = {_toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
