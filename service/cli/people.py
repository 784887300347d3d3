"""The option ``--people``: who is looked for in each photo."""

from typing import Annotated

import typer

from jppnet.request import People as PeopleOption

People = Annotated[
    str,
    typer.Option(
        metavar="auto|one|N",
        help="Who is looked for in each photo. “auto”: everybody, where there is a detector. “one”: the one person "
        "that the photo is of. A number: at most so many, the surest.",
    ),
]


def read_people(text: str) -> PeopleOption:
    """The option's value.

    Raises:
        typer.BadParameter: it is none.
    """
    if text == "auto":
        return "auto"
    if text == "one":
        return "one"
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise typer.BadParameter(f"“{text}” is neither “auto”, “one” nor a number from 1.", param_hint="--people")
