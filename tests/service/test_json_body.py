"""JSON with a photo: what is beside the photo is options, and too much of it is refused before it is parsed."""

import json

import pytest

from service.api.problems.errors import InvalidJsonError, MissingPhotoError
from service.api.request.json_body import EXAMPLE, OVERHEAD, read_json

LIMIT = 10_000


def as_json(**values: object) -> bytes:
    return json.dumps(values).encode()


@pytest.mark.parametrize("character", list(",:[{"))
def test_many_values_are_refused_before_they_are_parsed(character: str) -> None:
    read_json(as_json(image="") + b" " * 100, LIMIT)
    with pytest.raises(InvalidJsonError, match="too much beside the photo"):
        read_json(character.encode() * (OVERHEAD + 1), LIMIT)
    with pytest.raises(InvalidJsonError) as refused:
        read_json(character.encode() * OVERHEAD, LIMIT)
    assert "too much beside" not in str(refused.value)


def test_options_are_texts_as_in_a_query() -> None:
    _, options = read_json(
        as_json(image=EXAMPLE, format="json", opacity=0.5, people=3, labels=["hair", 2], box=[1, 2.5, 3, 4], mask=None),
        LIMIT,
    )
    assert options == {
        "format": ["json"], "opacity": ["0.5"], "people": ["3"], "labels": ["hair", "2"], "box": ["1,2.5,3,4"],
        "mask": [],
    }  # fmt: skip


@pytest.mark.parametrize("box", [[[1, 2, 3, 4], [5, 6, 7, 8]], ["1,2,3,4", "5,6,7,8"]])
def test_several_boxes_are_lists_or_texts(box: object) -> None:
    assert read_json(as_json(image=EXAMPLE, box=box), LIMIT)[1] == {"box": ["1,2,3,4", "5,6,7,8"]}


@pytest.mark.parametrize(("value", "text"), [(True, "true"), ({"a": 1}, '{"a": 1}'), ([[1]], "[1]"), ([None], "null")])
def test_what_no_option_takes_stays_json_and_is_refused_with_the_option(value: object, text: str) -> None:
    assert read_json(as_json(image=EXAMPLE, labels=value), LIMIT)[1] == {"labels": [text]}


def test_options_without_a_photo_are_no_request() -> None:
    with pytest.raises(MissingPhotoError):
        read_json(as_json(format="json"), LIMIT)
