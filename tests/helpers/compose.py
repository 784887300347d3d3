"""Compose files put together as docker compose does it, as far as these files need it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Override:
    """A value tagged !override: it takes the place of what an earlier file says. !reset: nothing does."""

    value: Any


class Loader(yaml.SafeLoader):
    """YAML with the two tags of the Compose specification."""


def _override(loader: Loader, node: yaml.Node) -> Override:
    kinds = {yaml.MappingNode: loader.construct_mapping, yaml.SequenceNode: loader.construct_sequence}
    return Override(kinds[type(node)](node, deep=True))


Loader.add_constructor("!override", _override)
Loader.add_constructor("!reset", lambda *_: Override(None))


def merged(*names: str) -> dict[str, Any]:
    """The files at these paths, each over those before it, with ``extends`` carried out."""
    whole: dict[str, Any] = {}
    for name in names:
        whole = _over(whole, yaml.load((ROOT / name).read_text(), Loader))
    for name, service in whole["services"].items():
        if "extends" in service:
            source = merged(service["extends"]["file"])["services"][service["extends"]["service"]]
            whole["services"][name] = _over(source, {key: service[key] for key in service if key != "extends"})
    return _settled(whole)


def _over(below: Any, above: Any) -> Any:
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: _over(below[key], value) if key in below else value for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list):
        return below + above
    return above


def _settled(value: Any) -> Any:
    """Without tags, and without what was reset."""
    if isinstance(value, Override):
        return value.value
    if isinstance(value, dict):
        settled = {key: _settled(item) for key, item in value.items()}
        return {key: item for key, item in settled.items() if not (isinstance(value[key], Override) and item is None)}
    return value
