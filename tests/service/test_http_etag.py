"""The same question about the same photo is answered once: who has the answer gets 304, and the model does not run."""

from pathlib import Path

import httpx
import pytest

from service.api.request.conditional import matches
from service.settings import Settings
from tests.helpers.gated_session import GatedSession, gated_engine
from tests.helpers.masks import PHOTO
from tests.helpers.serving import serving
from tests.helpers.toy_model import paint, png


def tag(client: httpx.Client, call: str, accept: str = "*/*", photo: bytes = png(PHOTO)) -> str:
    answer = client.post(call, content=photo, headers={"accept": accept})
    assert answer.status_code == 200
    return answer.headers["etag"]


def test_who_has_the_answer_gets_304_without_a_run(toy_path: Path) -> None:
    settings = Settings(model=toy_path)
    session = GatedSession(toy_path)
    with serving(gated_engine(session, settings), settings) as client:
        known = tag(client, "/parse")
        answer = client.post("/parse", content=png(PHOTO), headers={"If-None-Match": f'"other", {known}'})
        assert (answer.status_code, answer.content) == (304, b"")
        assert (answer.headers["etag"], answer.headers["vary"]) == (known, "Accept")
        in_a_form = client.post("/parse", files={"image": png(PHOTO)}, headers={"If-None-Match": known})
        assert in_a_form.status_code == 304
        assert session.batches == [1]
        assert client.post("/parse", content=png(PHOTO), headers={"If-None-Match": '"other"'}).status_code == 200


def test_every_question_has_a_tag_of_its_own(client: httpx.Client) -> None:
    questions = [
        ("/parse", "*/*"), ("/parse", "application/json"), ("/parse?format=ids", "*/*"), ("/parse?labels=hair", "*/*"),
        ("/parse?format=json&mask=rle", "*/*"), ("/parse?format=overlay&opacity=0.1", "*/*"),
        ("/parse?format=overlay", "*/*"), ("/parse?format=overlay", "image/png"),
        ("/pose", "*/*"), ("/pose?image_id=1", "*/*"), ("/analyze", "*/*"),
    ]  # fmt: skip
    tags = [tag(client, *question) for question in questions]
    tags.append(tag(client, "/parse", photo=png(paint(192, 256, {}))))
    assert len(set(tags)) == len(tags)
    assert tag(client, "/parse?labels=hair,1") == tag(client, "/parse?labels=shirt&labels=3")


@pytest.mark.parametrize(
    ("header", "is_match"),
    [(None, False), ("", False), ("*", False), ('W/"a"', True), ('"a"', True), ('"b" , W/"a"', True), ('"b"', False)],
)
def test_tags_are_compared_weakly(header: str | None, is_match: bool) -> None:
    assert matches(header, 'W/"a"') == is_match
