"""The options of an answer, beside its format: their query parameters, and their values."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Query
from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from service.api.problems.errors import BoxesAndPeopleError, NoJointsError, NoLabelsError, UnknownLabelError
from service.engine.model.card import Card
from service.engine.photo.boxes import RequestedBox
from service.engine.photo.people import PeopleOption

MOST_DIGITS: Final = 6
"""Of a number of people; larger numbers are a mistake."""


def _read_people(text: str) -> PeopleOption:
    match text:
        case "auto" | "one":
            return text
        case _ if re.fullmatch(f"[0-9]{{1,{MOST_DIGITS}}}", text) and int(text):
            return int(text)
    raise PydanticCustomError("people", "Input should be auto, one, or a number from 1")


Labels = Annotated[
    list[str] | None,
    Query(
        description="Which labels are wanted, by name, id or synonym (GET /model has them), with commas between or one "
        "by one; the others become background, or transparent in a cutout. Without it: all, but for overlay and cutout "
        "not the background.",
        examples=[["hair,face"]],
    ),
]
Opacity = Annotated[float, Query(ge=0, le=1, description="of the colours in an overlay")]
Boxes = Annotated[
    list[str] | None,
    Query(
        alias="box",
        description="Where in the photo a person is, as x,y,width,height in pixels of the upright photo; repeat it "
        "for more people. The model then looks at each box with a margin around it, and not at the whole photo: the "
        "answer has one region or person per box, and one mask of all.",
        examples=[["112,40,236,771", "360,52,180,760"]],
    ),
]
People = Annotated[
    PeopleOption | None,
    PlainValidator(_read_people),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "enum": ["auto", "one"]},
                {"type": "integer", "minimum": 1, "maximum": 10**MOST_DIGITS - 1},
            ]
        }
    ),
    Query(
        description="Who is looked for. **auto** (the default): everybody; a detector finds them, and the model is "
        "shown a crop of each. **one**: the one person that the photo is of; no detector runs. A number: at most so "
        "many, the surest. Not together with box. A service without a detector always looks for one.",
        examples=["auto", "one", 3],
    ),
]
ImageId = Annotated[int, Query(description="what COCO results call the photo")]
MaskIn = Annotated[
    Literal["png", "rle"],
    Query(
        alias="mask",
        description="How JSON holds the mask. png: one palette PNG in base64. rle: COCO's run lengths per label.",
    ),
]


@dataclass(frozen=True, slots=True)
class Options:
    """How an answer is made. Each format takes what concerns it."""

    labels: tuple[int, ...] | None = None
    """Ids of the labels that are wanted, ascending; None where the client names none."""
    opacity: float = 0.6
    """Of the colours in an overlay, 0–1."""
    as_rle: bool = False
    """Masks in JSON: a run-length encoding per label instead of one PNG."""
    boxes: tuple[RequestedBox, ...] = ()
    """Where in the photo people are; without any, the whole photo is looked at."""
    people: PeopleOption = "auto"
    """Who is looked for, where there are no boxes."""
    image_id: int = 0
    """What COCO results call the photo."""

    def wants(self, label: int) -> bool:
        """Whether a label's id is among those that are wanted."""
        return self.labels is None or label in self.labels


DEFAULT: Final = Options()


def choose_people(people: PeopleOption | None, boxes: Sequence[object]) -> PeopleOption:
    """Who is looked for by a query's ``people``, which None stands for the lack of.

    Raises:
        BoxesAndPeopleError: it says that, and where people are, too.
    """
    if people is not None and boxes:
        raise BoxesAndPeopleError(
            f"The request has box= and people={people}. Boxes say where people are, so that nobody is looked for: "
            "leave out one of the two."
        )
    return "auto" if people is None else people


def find_labels(names: Sequence[str] | None, card: Card) -> tuple[int, ...] | None:
    """The ids of labels named by name, id or synonym, each of ``names`` being one or several with commas between; None
    for None. A synonym may stand for several labels. Upper and lower case are the same, and so are space, “_” and “-”.

    Raises:
        NoLabelsError: the model has no labels at all.
        UnknownLabelError: the model has no such label.
    """
    if names is None:
        return None
    require_labels(card)
    known = {_comparable(synonym): set(ids) for synonym, ids in card.synonyms.items()}
    for label in card.labels:  # a label's own name comes before a synonym
        known |= {_comparable(label.name): {label.id}, str(label.id): {label.id}}
    wanted = [name.strip() for text in names for name in text.split(",")]
    unknown = [name for name in wanted if _comparable(name) not in known]
    if unknown:
        raise UnknownLabelError(
            f"There is no label {' or '.join(f'“{name}”' for name in unknown)}. The labels are "
            f"{', '.join(label.name for label in card.labels)}; or, by their ids, 0 to {len(card.labels) - 1}"
            + (f"; or, by synonyms, {', '.join(card.synonyms)}." if card.synonyms else ".")
        )
    return tuple(sorted(set().union(*(known[_comparable(name)] for name in wanted))))


def _comparable(name: str) -> str:
    return name.lower().replace("_", "-").replace(" ", "-")


def require_labels(card: Card) -> None:
    """Raises :class:`NoLabelsError` where the model has none."""
    if not card.labels:
        raise NoLabelsError(
            f"The model {card.title} is for pose alone: it has no labels, so that there is no mask. POST /pose gives "
            "the joints."
        )


def require_joints(card: Card) -> None:
    """Raises :class:`NoJointsError` where the model has none."""
    if not card.joints:
        raise NoJointsError(
            f"The model {card.title} is for parsing alone: it has no joints. POST /parse gives the mask, POST /analyze "
            "people and mask."
        )
