"""A photo's text is decoded bit by bit, whichever of the usual ways it was written, or mangled, in."""

import base64
import re
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.api.problems.errors import InvalidBase64Error
from service.api.request import base64_photo
from service.api.request.base64_photo import TEXT_BEGINNINGS, decode_photo, is_photo_text
from tests.helpers.toy_model import jpeg, paint, png

NOISE = bytes(range(256)) * 9  # its base64 has every character


@pytest.fixture(autouse=True, scope="module")
def tiny_windows() -> object:
    """Of a few characters, which border on one another everywhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(base64_photo, "WINDOW", 7)
        yield


@given(photo=st.binary(max_size=60), breaks=st.lists(st.integers(0, 80), max_size=9))
def test_any_bytes_come_through_with_line_breaks_anywhere(photo: bytes, breaks: list[int]) -> None:
    text = base64.b64encode(photo)
    for place in breaks:
        text = text[:place] + b"\n\r\t"[place % 3 : place % 3 + 1] + text[place:]
    assert decode_photo(text) == photo


@given(photo=st.binary(max_size=90), is_safe=st.booleans(), is_padded=st.booleans(), is_quoted=st.booleans())
def test_both_alphabets_with_and_without_padding_and_escapes(
    photo: bytes, is_safe: bool, is_padded: bool, is_quoted: bool
) -> None:
    text = (base64.urlsafe_b64encode if is_safe else base64.b64encode)(photo)
    if not is_padded:
        text = text.rstrip(b"=")
    assert decode_photo(quote(text, safe="").encode() if is_quoted else text) == photo


@given(st.text(alphabet="AQ9+/=\n$", max_size=30))
def test_what_is_base64_is_what_it_is_as_a_whole(text: str) -> None:
    whole = "".join(text.split())
    try:
        expected = base64.b64decode(whole if "=" in whole else whole + "=" * (-len(whole) % 4), validate=True)
    except ValueError:
        with pytest.raises(InvalidBase64Error):
            decode_photo(text.encode())
    else:
        assert decode_photo(text.encode()) == expected


@pytest.mark.parametrize("is_padded", [True, False])
def test_blanks_that_were_plus_are_plus(is_padded: bool) -> None:
    text = base64.b64encode(NOISE)
    assert text.count(b"+") > 10
    lost = text.replace(b"+", b" ")
    assert decode_photo(lost if is_padded else lost.rstrip(b"=")) == NOISE
    wrapped = re.sub(rb"(.{76})", rb"\1\n", lost)
    assert decode_photo(wrapped) == NOISE


def test_a_single_blank_is_what_makes_the_length_right() -> None:
    """“++8=” without one plus is no base64, and with a blank after four characters it is."""
    assert decode_photo(b"AA 8 AAA") == base64.b64decode("AA+8+AAA")
    assert decode_photo(b"AAAA BBBB") == base64.b64decode("AAAABBBB")


@pytest.mark.parametrize(("width", "gap"), [(76, b" "), (64, b" "), (76, b" \n"), (4, b"  ")])
def test_blanks_at_equal_distances_are_left_out(width: int, gap: bytes) -> None:
    text = base64.b64encode(NOISE)
    lines = [text[start : start + width] for start in range(0, len(text), width)]
    assert decode_photo(gap.join(lines)) == NOISE
    assert decode_photo(b"  " + gap.join(lines) + b"\n ") == NOISE


@pytest.mark.parametrize("head", [b"data:image/png;base64,", b"DATA:;BASE64,", b"data%3Aimage/png%3Bbase64,", b""])
def test_the_head_of_a_data_url_is_left_out(head: bytes) -> None:
    assert decode_photo(head + base64.b64encode(NOISE)) == NOISE


@pytest.mark.parametrize("text", [b"https://a.b/c.jpg", b"http://a.b/c,d.jpg", b"data:image/svg+xml,%3Csvg/%3E"])
def test_an_address_is_not_fetched(text: bytes) -> None:
    with pytest.raises(InvalidBase64Error, match="are not fetched"):
        decode_photo(text)


def test_a_text_is_told_from_a_picture_by_its_beginning() -> None:
    photo = paint(8, 8, {})
    for picture in (jpeg(photo), png(photo), b"RIFF\0\0\0\0WEBPVP8 ", b"GIF89a", b"\0\0\0\x18ftypheic"):
        assert not is_photo_text(picture)
        assert is_photo_text(base64.b64encode(picture))
        assert is_photo_text(b" \n" + base64.urlsafe_b64encode(picture))
        assert is_photo_text(b"Data:image/x;base64," + base64.b64encode(picture))
    assert not is_photo_text(b"hello")
    assert all(is_photo_text(beginning) for beginning in TEXT_BEGINNINGS)
