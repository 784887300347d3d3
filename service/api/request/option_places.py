"""The places where a request's options may stand, by the same names: its query, its form and its JSON."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, Literal, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, JsonValue, ValidationError

from service.api.problems.errors import ContradictingOptionsError, UnknownOptionError
from service.api.problems.quoting import quoted

Place = Literal["query", "form", "JSON"]
Texts = Mapping[str, Sequence[str]]
"""By name of an option the texts of its values, in their order."""

REPEATABLE: Final = frozenset({"box", "labels"})
"""Options that may have several values."""
NEAR: Final = 0.5
"""How similar a name must be to be suggested, 0–1 (difflib's ratio)."""

Parameters = TypeVar("Parameters", bound=BaseModel)


def only_options_of(parameters: type[BaseModel]) -> Callable[[Request], Awaitable[None]]:
    """A dependency that refuses a query with other options than the model's fields, or with contradicting ones."""

    async def check(request: Request) -> None:
        query = request.query_params
        check_options(parameters, {name: query.getlist(name) for name in query}, "query")

    return check


def check_options(parameters: type[BaseModel], texts: Texts, place: Place) -> None:
    """Raises:
    UnknownOptionError: the call has no such option.
    ContradictingOptionsError: an option that has one value was given several.
    """
    known = parameters.model_fields
    for name, values in texts.items():
        if name not in known:
            raise UnknownOptionError(_unknown(name, known, place))
        if name not in REPEATABLE and len(set(values)) > 1:
            raise ContradictingOptionsError(
                f"The {place} has the option “{name}” as {' and as '.join(sorted(set(values)))}. Send it once."
            )


def with_body_options(query: Parameters, texts: Texts, place: Place) -> Parameters:
    """The parameters of a request whose body names options, too; ``query`` are those of its query.

    Raises:
        UnknownOptionError, ContradictingOptionsError: the body has options that the call does not have, or that say
            something else than the query.
        RequestValidationError: a value cannot be.
    """
    model = type(query)
    check_options(model, texts, place)
    values = {name: list(given) if name in REPEATABLE else given[-1] for name, given in texts.items() if given}
    try:
        body = model.model_validate(values)
    except ValidationError as error:
        raise RequestValidationError([{**item, "loc": (place, *item["loc"])} for item in error.errors()]) from None
    for name in sorted(query.model_fields_set & body.model_fields_set):
        here, there = getattr(query, name), getattr(body, name)
        if _comparable(here) != _comparable(there):
            raise ContradictingOptionsError(
                f"The option “{name}” is {_shown(here)} in the query and {_shown(there)} in the {place}. Send it once."
            )
    return query.model_copy(update={name: getattr(body, name) for name in body.model_fields_set})


def texts_of_json(name: str, value: JsonValue) -> list[str]:
    """The texts of an option's value in JSON: a text, a number, or a list of them. ``box`` may be four numbers or a
    list of such; null is none. Anything else stays JSON, which no option takes, so that an unknown name is said first.
    """
    if value is None:
        return []
    if not isinstance(value, list) or (name == "box" and value and all(map(_is_number, value))):
        return [_text(name, value)]
    return [_text(name, item) for item in value]


def _text(name: str, item: JsonValue) -> str:
    if isinstance(item, str):
        return item
    if _is_number(item):
        return f"{item}"
    if name == "box" and isinstance(item, list) and all(_is_number(side) for side in item):
        return ",".join(f"{side}" for side in item)
    return json.dumps(item)


def _is_number(item: JsonValue) -> bool:
    return isinstance(item, int | float) and not isinstance(item, bool)


def _comparable(value: object) -> object:
    """Values that mean the same are equal: one text with commas, and several texts."""
    return ",".join(value).replace(" ", "") if isinstance(value, list) else value


def _shown(value: object) -> str:
    return " and ".join(map(str, value)) if isinstance(value, list) else str(value)


def _unknown(name: str, known: Iterable[str], place: Place) -> str:
    near = get_close_matches(name.lower(), known, 1, NEAR)
    hint = f"Did you mean “{near[0]}”? " if near else ""
    return f"This call has no option {quoted(name)}, which the {place} has. {hint}Its options are {', '.join(known)}."
