"""Bad input gets a problem: a 4xx status, a stable type and a sentence that helps. Nothing brings the server down."""

import base64
import socket
import struct
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from tests.helpers.assertions import assert_problem
from tests.helpers.toy_model import jpeg, paint, png

PHOTO = paint(192, 256, {1: (40, 80, 80, 80)})
NOISE = np.random.default_rng(0).integers(0, 255, (300, 300, 3), dtype=np.uint8)  # 270 kB as a PNG


@pytest.mark.parametrize("path", ["/parse", "/pose", "/analyze"])
@pytest.mark.parametrize(
    ("body", "status", "name", "words"),
    [
        (b"", 400, "empty-body", "body is empty"),
        (b"hello", 415, "not-a-photo", "Send a photo as JPEG, PNG, WebP, GIF or AVIF"),
        (b"II*\0" + bytes(50), 415, "unsupported-type", "This is a TIFF file"),
        (jpeg(PHOTO)[:900], 422, "truncated-photo", "Send the whole file"),
        (png(PHOTO)[:200] + bytes(100) + png(PHOTO)[300:], 422, "corrupt-photo", "damaged"),
        (png(paint(500, 401, {})), 413, "too-many-pixels", "500×401 = 200,500 pixels; at most 200,000"),
        (png(NOISE), 413, "upload-too-large", "larger than the 0.2 MB"),
    ],
)
def test_a_bad_photo(client: httpx.Client, path: str, body: bytes, status: int, name: str, words: str) -> None:
    assert_problem(client.post(path, content=body), status, name, words)
    assert_problem(client.post(path, files={"image": body}), status, name, words)


def test_an_upload_of_unknown_length_is_stopped_when_it_gets_too_large(client: httpx.Client) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(2000):
            sent += 50_000
            yield bytes(50_000)

    assert_problem(client.post("/parse", content=endless()), 413, "upload-too-large", "larger than the 0.2 MB")
    boundary = b'--x\r\nContent-Disposition: form-data; name="image"\r\n\r\n'
    stream = (chunk for chunk in (boundary, *endless()))
    answer = client.post("/parse", content=stream, headers={"content-type": "multipart/form-data; boundary=x"})
    assert_problem(answer, 413, "upload-too-large", "larger than the 0.2 MB")


def test_a_length_that_says_too_much_is_refused_before_the_body_comes(client: httpx.Client) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 10) as connection:
        connection.sendall(b"POST /parse HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n")
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("digits", [b"9" * 19, b"0" * 5001, b"0" * 5000 + b"5"])
def test_a_length_of_many_digits_is_a_number_like_any_other(client: httpx.Client, digits: bytes) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 10) as connection:
        connection.sendall(b"POST /parse HTTP/1.1\r\nHost: x\r\nContent-Length: %b\r\n\r\nhello" % digits)
        assert connection.recv(1000)[:12] in (b"HTTP/1.1 400", b"HTTP/1.1 413", b"HTTP/1.1 415")


@pytest.mark.parametrize("digits", [b"9" * 5001, b"-1", b"1e3"])
def test_a_length_that_is_none_is_no_http(client: httpx.Client, digits: bytes) -> None:
    with socket.create_connection((client.base_url.host, client.base_url.port or 80), 10) as connection:
        connection.sendall(b"POST /parse HTTP/1.1\r\nHost: x\r\nContent-Length: %b\r\n\r\nhello" % digits)
        answer = connection.recv(5000)
        assert answer.startswith(b"HTTP/1.1 400")
        assert b"urn:jppnet:problem:invalid-http" in answer


def test_a_form_without_a_photo(client: httpx.Client) -> None:
    answer = client.post("/parse", files={"picture": png(PHOTO)})
    assert_problem(answer, 422, "missing-photo", "no field “image” or “file”, but “picture”")


def test_a_form_with_two_photos(client: httpx.Client) -> None:
    answer = client.post("/parse", files={"image": png(PHOTO), "file": png(PHOTO)})
    assert_problem(answer, 422, "missing-photo", "Send exactly one")


@pytest.mark.parametrize(
    ("body", "status", "name", "words"),
    [
        (b"", 400, "invalid-json", "not the JSON"),
        (b'{"image": [' + b"1," * 90_000 + b"1]}", 400, "invalid-json", "too much beside the photo"),
        (b"[" * 50_000, 400, "invalid-json", "not the JSON"),
        (b"{}", 422, "missing-photo", "in base64"),
        (b'{"photo": "abc", "file": 1}', 422, "missing-photo", "no photo “image”, but “photo” and “file”"),
        (b'{"image": 5}', 422, "missing-photo", "“image” is no text"),
        (b'["image"]', 422, "missing-photo", "no object"),
        (b'{"image": "abc$"}', 422, "invalid-base64", "character 4 is “$”"),
        (b'{"image": "%s$"}' % (b"abcd" * 66_000), 422, "invalid-base64", "character 264001 is “$”"),
        (b'{"image": "b\'/9j/4AAQ\'"}', 422, "invalid-base64", "Python's text of bytes"),
        (rb'{"image": "\u00e9"}', 422, "invalid-base64", "character 1 is “é”"),
        (b'{"image": "https://example.com/a,b.jpg"}', 422, "invalid-base64", "are not fetched"),
        (b'{"image": "data:image/svg+xml,%3Csvg/%3E"}', 422, "invalid-base64", ";base64"),
        (b'{"image": ""}', 400, "empty-body", "empty"),
        (b'{"image": "aGVsbG8="}', 415, "not-a-photo", "Send a photo"),
        (b'{"image": "%s"}' % base64.b64encode(bytes(200_001)), 413, "upload-too-large", "0.2 MB"),
        (b'{"image": "%s"}' % bytes(400_000), 413, "upload-too-large", "0.2 MB"),
    ],
)
def test_json_without_a_usable_photo(client: httpx.Client, body: bytes, status: int, name: str, words: str) -> None:
    answer = client.post("/parse", content=body, headers={"content-type": "application/json"})
    assert_problem(answer, status, name, words)


def form(body: bytes) -> dict[str, object]:
    return {"content": body, "headers": {"content-type": "multipart/form-data; boundary=x"}}


def test_forms_that_are_none(client: httpx.Client) -> None:
    head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    whole = client.post("/parse", **form(head + png(PHOTO) + b"\r\n--x--\r\n"))  # type: ignore[arg-type]
    assert whole.status_code == 200
    for body in (head + png(PHOTO), b"--y\r\n\r\n--y--", b"hello"):
        answer = client.post("/parse", **form(body))  # type: ignore[arg-type]
        assert_problem(answer, 400, "invalid-multipart", "multipart form")
    many = client.post("/parse", **form(b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 100))  # type: ignore[arg-type]
    assert_problem(many, 400, "invalid-multipart", "more than 64 parts")
    long = {"content-type": f"multipart/form-data; boundary={'x' * 300}"}
    assert_problem(client.post("/parse", content=b"x", headers=long), 400, "invalid-multipart", "exceeds maximum")
    headers = {"content-type": "multipart/form-data"}
    assert_problem(client.post("/parse", content=b"x", headers=headers), 400, "invalid-multipart", "no boundary")


def test_what_is_asked_for_wrongly(client: httpx.Client) -> None:
    photo = png(PHOTO)
    assert_problem(client.post("/parse?format=bmp", content=photo), 422, "invalid-request", "'coco' or 'hf'")
    assert_problem(client.post("/parse?labels=hair,hat,9", content=photo), 422, "unknown-label", "“hat” or “9”")
    assert_problem(client.post("/analyze?labels=", content=photo), 422, "unknown-label", "shirt, trousers, hair")
    assert_problem(client.post("/parse?opacity=1.1", content=photo), 422, "invalid-request", "opacity")
    html = {"accept": "text/html"}
    assert_problem(client.post("/parse", content=photo, headers=html), 406, "not-acceptable", "text/html")
    assert_problem(client.post("/pose", content=photo, headers=html), 406, "not-acceptable", "application/json")
    soon = {"X-Request-Timeout-Ms": "soon"}
    assert_problem(client.post("/pose", content=photo, headers=soon), 422, "invalid-request", "X-Request-Timeout-Ms")
    assert_problem(client.get("/parse"), 405, "method-not-allowed", "GET /parse")
    assert_problem(client.get("/nothing"), 404, "not-found", "GET /nothing")


def test_a_picture_of_one_pixel_is_none_too_small(client: httpx.Client) -> None:
    assert client.post("/analyze", content=png(paint(1, 1, {}))).json()["image"] == {"width": 1, "height": 1}


def test_a_header_that_lies_about_the_size_is_called_damaged(client: httpx.Client) -> None:
    data = bytearray(png(PHOTO))
    data[16:24] = struct.pack(">II", 100, 100)
    assert client.post("/parse", content=bytes(data)).status_code == 422
