"""The photo inside JSON is decoded bit by bit, and comes out as if it had been decoded at once."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.problems.errors import InvalidBase64Error, InvalidJsonError
from service.api.request import json_body
from service.api.request.json_body import OVERHEAD, photo_in_json

LIMIT = 10_000


@pytest.fixture(autouse=True, scope="module")
def tiny_windows() -> object:
    """Of a few characters, which border on one another everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_body, "WINDOW", 7)
        yield


def as_json(text: str) -> bytes:
    return json.dumps({"image": text}).encode()


@given(photo=st.binary(max_size=60), blanks=st.lists(st.integers(0, 80), max_size=9))
def test_any_bytes_come_through_with_blanks_anywhere(photo: bytes, blanks: list[int]) -> None:
    text = base64.b64encode(photo).decode()
    for place in blanks:
        text = text[:place] + "\n \t"[place % 3] + text[place:]
    assert photo_in_json(as_json(text), LIMIT) == photo


@given(st.text(alphabet="AQ9+/=\n$", max_size=30))
def test_what_is_base64_is_what_it_is_as_a_whole(text: str) -> None:
    try:
        expected = base64.b64decode("".join(text.split()), validate=True)
    except ValueError:
        with pytest.raises(InvalidBase64Error):
            photo_in_json(as_json(text), LIMIT)
    else:
        assert photo_in_json(as_json(text), LIMIT) == expected


@pytest.mark.parametrize("character", list(",:[{"))
def test_many_values_are_refused_before_they_are_parsed(character: str) -> None:
    photo_in_json(as_json("") + b" " + b" " * 100, LIMIT)
    with pytest.raises(InvalidJsonError, match="too much beside the photo"):
        photo_in_json(character.encode() * (OVERHEAD + 1), LIMIT)
    with pytest.raises(InvalidJsonError) as refused:
        photo_in_json(character.encode() * OVERHEAD, LIMIT)
    assert "too much beside" not in str(refused.value)
