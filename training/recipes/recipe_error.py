"""Recipe error: what is wrong in a recipe, key by key, with the key that was probably meant."""

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError

from training.errors.input_error import InputError

Form = TypeVar("Form", bound=BaseModel)


class RecipeError(InputError):
    """A recipe that cannot be used; the message names every key that is unknown, missing or wrong."""


def validated(form: type[Form], content: Mapping[str, Any]) -> Form:
    """A recipe's content as its form. Raises RecipeError."""
    try:
        return form.model_validate(content)
    except ValidationError as error:
        faults = [_fault(form, fault["loc"], fault["type"], fault["msg"], fault["input"]) for fault in error.errors()]
        raise RecipeError("; ".join(faults)) from None


def _fault(form: type[BaseModel], location: tuple[int | str, ...], kind: str, message: str, value: object) -> str:
    known, keys = _follow(form, location)
    key = ".".join(keys)
    if kind == "missing":
        return f"{key} is missing"
    if kind == "extra_forbidden":
        close = difflib.get_close_matches(keys[-1], known, 1)
        meant = f"did you mean {'.'.join([*keys[:-1], close[0]])}?" if close else f"known are: {', '.join(known)}"
        return f"{key} is no key of this recipe; {meant}"
    if not key:  # of the whole recipe: what it says of several keys contradicts itself
        return message
    return f"{key}: {message}" if isinstance(value, Mapping) else f"{key} = {value!r}: {message}"


def _follow(form: type[BaseModel], location: tuple[int | str, ...]) -> tuple[list[str], list[str]]:
    """The keys of the table that a location lies in, and the location as keys of the file.

    A table with several forms has one more part in pydantic's location: the value that tells the forms apart.
    """
    table: type[BaseModel] | None = form
    forms: list[type[BaseModel]] = []
    keys: list[str] = []
    for part in location:
        if forms and table is None:
            table = next((form for form in forms if part in get_args(form.model_fields["name"].annotation)), None)
            if table is not None:
                continue
        keys.append(str(part))
        if table is not None and part in table.model_fields and part != location[-1]:
            annotation = table.model_fields[str(part)].annotation
            forms = [kind for kind in get_args(annotation) if isinstance(kind, type) and issubclass(kind, BaseModel)]
            table = annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None
    return (sorted(table.model_fields) if table else []), keys
