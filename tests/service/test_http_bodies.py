"""A photo is taken however a client sends it: as it is, in forms, in JSON, as text, compressed; or told why not."""

import base64
import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from urllib.parse import quote_plus, urlencode

import httpx
import pytest

from service.api.problems.errors import InvalidEncodingError
from service.api.request.content_encoding import MAX_MEMBERS, Gunzip
from tests.helpers.assertions import assert_problem
from tests.helpers.masks import PHOTO, assert_is_mask_of, ids_of
from tests.helpers.toy_model import jpeg, png

DATA = png(PHOTO)
TEXT = base64.b64encode(DATA).decode()
URLENCODED = {"content-type": "application/x-www-form-urlencoded"}


def assert_is_answered(answer: httpx.Response) -> None:
    assert answer.status_code == 200, answer.text
    assert_is_mask_of(ids_of(answer.content), PHOTO)


TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "base64": base64.b64encode,
    "with line breaks": base64.encodebytes,
    "URL-safe, without padding": lambda data: base64.urlsafe_b64encode(data).rstrip(b"="),
    "plus made blank": lambda data: base64.b64encode(data).replace(b"+", b" "),
    "data: URL": lambda data: b"data:image/png;base64," + base64.b64encode(data),
    "data: URL in capitals": lambda data: b"DATA:;BASE64," + base64.b64encode(data),
}


@pytest.mark.parametrize("encode", [png, jpeg])
@pytest.mark.parametrize("written", TEXTS)
def test_a_photos_text_is_taken_wherever_it_stands(
    client: httpx.Client, written: str, encode: Callable[..., bytes]
) -> None:
    text = TEXTS[written](encode(PHOTO))
    for answer in (
        client.post("/parse", json={"image": text.decode()}),
        client.post("/parse", files={"image": (None, text)}),
        client.post("/parse", files={"file": ("photo.txt", text)}),
        client.post("/parse", data={"image": text.decode()}),
        client.post("/parse", content=text),
        client.post("/parse", content=text, headers={"content-type": "text/plain"}),
        client.post("/parse", content=text, headers=URLENCODED),
    ):
        assert_is_answered(answer)


def test_a_form_that_was_not_escaped_is_understood(client: httpx.Client) -> None:
    """``curl -d "image=$(base64 photo.png)"`` sends the plus as it is, which means a blank in such a form."""
    assert "+" in TEXT
    assert_is_answered(client.post("/parse", content=f"image={TEXT}", headers=URLENCODED))
    assert_is_answered(
        client.post("/parse", content=f"labels=&image={TEXT}".replace("labels=&", ""), headers=URLENCODED)
    )


def test_json_without_its_type_is_understood(client: httpx.Client) -> None:
    """``curl -d '{"image": …}'`` calls it a form."""
    for headers in (URLENCODED, {"content-type": "text/plain"}, {}):
        assert_is_answered(client.post("/parse", content=json.dumps({"image": TEXT}), headers=headers))


@pytest.mark.parametrize("fields", [{}, {"image": TEXT, "file": TEXT}, {"picture": TEXT}])
def test_a_form_has_one_photo(client: httpx.Client, fields: dict[str, str]) -> None:
    body = urlencode(fields or {"mask": "png"})
    assert_problem(client.post("/parse", content=body, headers=URLENCODED), 422, "missing-photo", "“image” or “file”")


def test_a_file_name_in_place_of_the_file_is_named(client: httpx.Client) -> None:
    for name in ("photos/me.jpg", "ME.HEIF"):
        answer = client.post("/parse", files={"image": (None, name)})
        assert_problem(answer, 422, "missing-photo", "image=@photo.jpg")
    answer = client.post("/parse", files={"image": (None, "https://example.com/me.jpg")})
    assert_problem(answer, 422, "invalid-base64", "are not fetched")


def test_a_form_with_too_many_fields_is_refused(client: httpx.Client) -> None:
    answer = client.post("/parse", content="a=1&" * 100 + f"image={quote_plus(TEXT)}", headers=URLENCODED)
    assert_problem(answer, 400, "invalid-multipart", "more than 64 fields")


def test_a_photo_that_is_too_large_as_text_is_refused(client: httpx.Client) -> None:
    large = base64.b64encode(bytes(200_001)).decode()
    for answer in (
        client.post("/parse", data={"image": large}),
        client.post("/parse", files={"image": (None, "data:;base64," + large)}),
        client.post("/parse", content=bytes(200_001), headers=URLENCODED),
    ):
        assert_problem(answer, 413, "upload-too-large", "0.2 MB")


def test_a_gzip_body_is_decompressed(client: httpx.Client) -> None:
    for coding in ("gzip", "x-gzip", "GZIP", "identity, gzip"):
        assert_is_answered(client.post("/parse", content=gzip.compress(DATA), headers={"content-encoding": coding}))
    halves = gzip.compress(DATA[:500]) + gzip.compress(DATA[500:])
    assert_is_answered(client.post("/parse", content=halves, headers={"content-encoding": "gzip"}))
    assert_is_answered(client.post("/parse", content=DATA, headers={"content-encoding": "identity"}))
    form = httpx.Request("POST", "http://x", files={"image": DATA})
    headers = {"content-encoding": "gzip", "content-type": form.headers["content-type"]}
    assert_is_answered(client.post("/parse", content=gzip.compress(form.read()), headers=headers))
    headers["content-type"] = "application/json"
    body = gzip.compress(json.dumps({"image": TEXT}).encode())
    assert_is_answered(client.post("/parse", content=body, headers=headers))


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate", "gzip, gzip", "base64"])
def test_another_encoding_is_named(client: httpx.Client, coding: str) -> None:
    answer = client.post("/parse", content=DATA, headers={"content-encoding": coding})
    assert_problem(answer, 415, "unsupported-encoding", f"Content-Encoding is {coding}. Send it as it is")
    assert answer.headers["accept-encoding"] == "gzip"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (DATA, "not the gzip"),
        (gzip.compress(DATA)[:-9], "cut off"),
        (gzip.compress(DATA) + b"rest", "not the gzip"),
        (gzip.compress(DATA)[:100] + bytes(100) + gzip.compress(DATA)[200:], "not the gzip"),
    ],
)
def test_what_is_no_gzip_is_told(client: httpx.Client, body: bytes, words: str) -> None:
    answer = client.post("/parse", content=body, headers={"content-encoding": "gzip"})
    assert_problem(answer, 400, "invalid-encoding", words)


def test_an_empty_gzip_body_is_empty(client: httpx.Client) -> None:
    for body in (b"", gzip.compress(b"")):
        assert_problem(client.post("/parse", content=body, headers={"content-encoding": "gzip"}), 400, "empty-body", "")


@pytest.mark.parametrize("kind", ["image/png", "application/json", "multipart/form-data; boundary=x", "x/y"])
def test_a_bomb_is_refused_at_the_limit(client: httpx.Client, kind: str) -> None:
    start = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n' if "form" in kind else b""
    bomb = gzip.compress(start + bytes(60_000_000))
    assert len(bomb) < 100_000
    headers = {"content-type": kind, "content-encoding": "gzip"}
    assert_problem(client.post("/parse", content=bomb, headers=headers), 413, "upload-too-large", "0.2 MB")


def test_decompression_never_makes_more_than_is_asked_for() -> None:
    bomb = zlib.compress(bytes(200_000_000), 9, zlib.MAX_WBITS | 16)
    tracemalloc.start()
    try:
        assert len(Gunzip().write(bomb, 100_000)) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    with pytest.raises(InvalidEncodingError, match=f"more than {MAX_MEMBERS} parts"):
        Gunzip().write(gzip.compress(b"") * (MAX_MEMBERS + 1), 100)


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip", "gzip"),
        ("br, gzip;q=0.5", "gzip"),
        ("gzip;q=0.001", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.000, *", None),
        ("identity", None),
        ("br", None),
        ("", None),
    ],
)
def test_an_answer_is_compressed_where_that_is_accepted(
    client: httpx.Client, accepted: str, coding: str | None
) -> None:
    answer = client.post("/parse?format=json", content=DATA, headers={"accept-encoding": accepted})
    assert answer.headers.get("content-encoding") == coding
    assert answer.json()["image"] == {"width": 192, "height": 256}
