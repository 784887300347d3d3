"""The options of an answer, beside its format: their values, whoever asks: a query, the command line, a program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from service.api.problems.errors import BoxesAndPeopleError, NoJointsError, NoLabelsError, UnknownLabelError
from service.api.problems.quoting import quoted
from service.engine.model.card import Card
from service.engine.photo.boxes import RequestedBox
from service.engine.photo.people import PeopleOption


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
            f"There is no label {' or '.join(map(quoted, unknown))}. The labels are "
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
