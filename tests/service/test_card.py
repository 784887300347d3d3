"""A model file is served if its card says all that is needed, and is refused with a reason otherwise."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from service.engine.engine import Engine
from service.engine.errors import StartError
from service.engine.model.card import read_card
from service.settings import Settings
from tests.helpers.toy_model import toy_card, write_toy_model

Card = dict[str, Any]


def read(card: Card) -> None:
    read_card({"jppnet.card": json.dumps(card)}, "model.onnx")


def changed(**values: Any) -> Card:
    return toy_card() | values


def without(key: str) -> Card:
    card = toy_card()
    del card[key]
    return card


def test_a_whole_card_is_read() -> None:
    card = read_card({"jppnet.card": json.dumps(toy_card())}, "model.onnx")
    assert [label.name for label in card.labels] == ["background", "shirt", "trousers", "hair"]
    assert card.palette[1] == (250, 0, 0)
    assert card.golden.decoded_image().shape == (64, 48, 3)
    assert card.golden.decoded_labels().shape == (32, 24)


def test_keys_of_later_exporters_are_passed_over() -> None:
    read(changed(something_new=1))


def test_metrics_may_hold_what_was_not_measured() -> None:
    read(changed(metrics={"IoU": {"glove": None, "hat": 0.4}}))


def test_no_card_is_refused() -> None:
    with pytest.raises(StartError, match="was not written by jppnet's exporter"):
        read_card({}, "model.onnx")


@pytest.mark.parametrize("schema", [2, "1", None])
def test_an_unknown_schema_is_refused_by_name(schema: object) -> None:
    with pytest.raises(StartError, match=f"schema {schema!r}; this version of the service reads schema 1"):
        read(changed(schema=schema))


@pytest.mark.parametrize("key", [key for key in toy_card() if key != "schema"])
def test_whatever_is_missing_is_named(key: str) -> None:
    with pytest.raises(StartError, match=f"{key}: Field required"):
        read(without(key))


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        (changed(fit="crop"), "fit: Input should be 'letterbox' or 'squash'"),
        (changed(pad_color=[0, 0, 256]), "pad_color.2"),
        (changed(labels=list(reversed(toy_card()["labels"]))), "label ids must be 0, 1, 2 … in order"),
        (changed(skeleton=[[0, 3]]), "skeleton names an index outside 0–2"),
        (changed(joints=["a", "b"], skeleton=[]), "golden.keypoints has 3 rows for 2 joints"),
    ],
)
def test_what_cannot_be_is_refused(card: Card, complaint: str) -> None:
    with pytest.raises(StartError, match=complaint):
        read(card)


def test_a_card_that_is_no_json_is_refused() -> None:
    with pytest.raises(StartError, match=r"model\.onnx has a card that cannot be used"):
        read_card({"jppnet.card": "{"}, "model.onnx")


def start(path: Path) -> None:
    Engine.start(Settings(model=path, provider="cpu", lanes=1)).close()


def golden_with(change: Callable[[Card], None]) -> Card:
    card = toy_card()
    change(card["golden"])
    return card


def test_a_model_that_gives_its_golden_sample_back_starts(toy_path: Path) -> None:
    start(toy_path)


@pytest.mark.parametrize(
    ("card", "complaint"),
    [
        (golden_with(lambda golden: golden["keypoints"][0].__setitem__(0, 21.0)), "a joint lies 1.5 pixels from"),
        (
            golden_with(lambda golden: golden.update(labels=without("name")["golden"]["image"])),
            "shapes .* came back instead of",
        ),
        (golden_with(lambda golden: golden.update(image="AAAA")), "a golden picture that is no PNG"),
    ],
)
def test_a_model_that_does_not_is_refused(card: Card, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(StartError, match=complaint):
        start(write_toy_model(tmp_path / "wrong.onnx", card))


def test_labels_must_agree_as_far_as_the_card_asks(tmp_path: Path) -> None:
    other = toy_card()["golden"]
    other["image"] = write_and_read_other_golden()
    strict, lenient = toy_card() | {"golden": other}, toy_card() | {"golden": other | {"min_label_agreement": 0.6}}
    with pytest.raises(StartError, match=r"of the labels agree with the golden sample, 100\.00% must"):
        start(write_toy_model(tmp_path / "strict.onnx", strict))
    start(write_toy_model(tmp_path / "lenient.onnx", lenient))


def write_and_read_other_golden() -> str:
    """The golden picture with a label that its truth has not, symmetric so that no joint moves."""
    import base64

    from tests.helpers.toy_model import HEIGHT, WIDTH, paint, png

    photo = paint(WIDTH, HEIGHT, {2: (0, 0, WIDTH, 2), 1: (10, 20, 20, 20), 3: (16, 4, 8, 10)})
    return base64.b64encode(png(photo)).decode()


def test_a_joint_of_low_golden_score_is_not_compared(tmp_path: Path) -> None:
    card = golden_with(lambda golden: golden["keypoints"].__setitem__(1, [40.0, 60.0, 0.79]))
    start(write_toy_model(tmp_path / "unsure.onnx", card))
