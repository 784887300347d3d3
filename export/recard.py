"""Change what a model file says about itself: ``python -m export.recard FILE.onnx --name NAME --licence LICENCE``.

Needs neither the checkpoint nor data: the graph, the measured figures and the golden sample stay as they are. The page
beside the file (``FILE.md``) is written anew. ``--card-text`` takes name, version, description, licence and limits from
one file; ``--colors`` takes colours from the ``[colors]`` table of a TOML file, for all labels or some; ``--synonyms``
takes from its ``[synonyms]`` table what ``labels=`` understands beside the labels' names. A service that runs reads the
card when it is started again.
"""

import argparse
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import onnx
from pydantic import TypeAdapter, ValidationError

from export.card import KEY, CardError, card_json, load_card_text, page, read_card
from training.errors.input_error import InputError
from training.errors.reporting import reports_input_errors
from training.labels.label_set import LABEL_SETS, Color


def read_colors(path: Path) -> dict[str, Color]:
    """Label → RGB from the ``[colors]`` table of a TOML file. Raises CardError."""
    try:
        return TypeAdapter(dict[str, Color]).validate_python(tomllib.loads(path.read_text())["colors"])
    except (OSError, KeyError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise CardError(f"{path} has no table [colors] of label = [red, green, blue], 0–255: {error}") from None


def recolored(labels: list[dict[str, Any]], colors: Mapping[str, Color]) -> list[dict[str, Any]]:
    """The card's labels in new colours. Raises CardError for names that the card has not."""
    if unknown := sorted(colors.keys() - {label["name"] for label in labels}):
        known = ", ".join(label["name"] for label in labels)
        raise CardError(f"no such labels: {', '.join(unknown)}. The card has: {known}")
    return [{**label, "color": list(colors.get(label["name"], label["color"]))} for label in labels]


def read_synonyms(name: str, labels: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Synonym → label ids from the ``[synonyms]`` table of a TOML file, or of a label set of the project by its name.

    Raises CardError for names that the card has not.
    """
    path = Path(name) if name.endswith(".toml") else LABEL_SETS / f"{name}.toml"
    try:
        table = TypeAdapter(dict[str, list[str]]).validate_python(tomllib.loads(path.read_text())["synonyms"])
    except (OSError, KeyError, tomllib.TOMLDecodeError, ValidationError) as error:
        raise CardError(f"{path} has no table [synonyms] of synonym = [label, …]: {error}") from None
    ids = {label["name"]: label["id"] for label in labels}
    if unknown := sorted({name for names in table.values() for name in names} - ids.keys()):
        raise CardError(f"no such labels: {', '.join(unknown)}. The card has: {', '.join(ids)}")
    if empty := sorted(synonym for synonym, names in table.items() if not names):
        raise CardError(f"synonyms stand for no label: {', '.join(empty)}")
    return {synonym: [ids[name] for name in names] for synonym, names in table.items()}


def write_over(card: dict[str, Any], path: Path) -> None:
    """Replace the card in a file, and the page beside it; external weights are left as they are.

    Where the path is a link, the file that it leads to is changed: its external weights lie beside that one.
    """
    path, text = path.resolve(), page(card)
    model = onnx.load(path, load_external_data=False)
    onnx.helper.set_model_props(model, {KEY: card_json(card)})
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        unfinished = Path(folder) / path.name
        onnx.save(model, unfinished)
        unfinished.rename(path)
    path.with_suffix(".md").write_text(text)


@reports_input_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, metavar="FILE.onnx")
    parser.add_argument("--card-text", type=Path, metavar="TOML", help="name, version, description, licence, limits")
    parser.add_argument("--colors", type=Path, metavar="TOML", help="a file with a table [colors], as a label file has")
    parser.add_argument(
        "--synonyms", metavar="TOML", help="a file with a table [synonyms], as a label file has, or lip, atr …"
    )
    parser.add_argument("--name")
    parser.add_argument("--version")
    parser.add_argument("--description")
    parser.add_argument("--licence", "--license", dest="license")
    parser.add_argument("--training-data", dest="training_data", help="name, source and licence of the data")
    parser.add_argument("--limit", action="append", dest="limits", help="a sentence; may be repeated, replaces all")
    args = parser.parse_args()
    fields = ("name", "version", "description", "license", "training_data", "limits")
    said = {field: getattr(args, field) for field in fields if getattr(args, field) is not None}
    if not (said or args.card_text or args.colors or args.synonyms):
        parser.error("nothing to change: name at least one of the options")
    try:
        card = read_card(args.file)
        if args.card_text:
            card |= load_card_text(args.card_text).model_dump()
        card |= said
        if args.colors:
            card["labels"] = recolored(card["labels"], read_colors(args.colors))
        if args.synonyms:
            card["synonyms"] = read_synonyms(args.synonyms, card["labels"])
        write_over(card, args.file)
    except (OSError, InputError) as error:
        sys.exit(f"{error}\nnothing was changed")
    print(f"{args.file}: {card['name']} {card['version']}, licence: {card['license']}")


if __name__ == "__main__":
    main()
