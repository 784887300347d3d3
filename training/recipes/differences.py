"""Differences between two recipes, by dotted key."""

from typing import Any, NamedTuple

from pydantic import BaseModel


class Difference(NamedTuple):
    """A key with another value in each of two recipes; None where a recipe has no such key."""

    key: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.key}: {self.before!r} there, {self.after!r} here"


def differences(before: BaseModel, after: BaseModel) -> list[Difference]:
    """Keys whose values differ, in the order of ``before``."""
    old, new = (_flat(recipe.model_dump(mode="json")) for recipe in (before, after))
    keys = dict.fromkeys([*old, *new])
    return [Difference(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def _flat(tables: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        flat |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    return flat
