"""``jppnet.Predictor``: the answers of a service, without one."""

import io
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from itertools import product
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

import jppnet
from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.serving import serving
from tests.helpers.toy_detector import Figure, draw
from tests.helpers.toy_model import paint, parsing_card, png, pose_card, write_toy_model

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "export/astronaut.jpg"
GROUP = draw(Figure(40, 20, 80, 160), Figure(100, 60, 60, 180, 0.8), Figure(300, 100, 40, 80, 0.6))
QUICK = {"provider": "cpu", "lanes": 1, "threads": 1, "max_batch": 1}


@pytest.fixture(scope="module")
def predictor(toy_path: Path, detector_path: Path) -> Iterator[jppnet.Predictor]:
    with jppnet.Predictor(toy_path, detector=detector_path, **QUICK) as predictor:
        yield predictor


@pytest.fixture(scope="module")
def client(toy_path: Path, detector_path: Path) -> Iterator[jppnet.Client]:
    settings = Settings(model=toy_path, detector=detector_path, **QUICK)
    with serving(Engine.start(settings), settings) as http, jppnet.Client(str(http.base_url)) as client:
        yield client


def values(answer: Any) -> Any:
    """An answer as what can be compared: arrays as lists."""
    if isinstance(answer, np.ndarray):
        return answer.dtype, answer.tolist()
    if isinstance(answer, tuple):
        return tuple(map(values, answer))
    if hasattr(answer, "__dataclass_fields__"):
        return type(answer), {
            field.name: values(getattr(answer, field.name)) for field in fields(answer) if field.name != "photo"
        }
    return answer


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"people": "one"},
        {"people": 2},
        {"people": "2"},
        {"labels": ["shirt"]},
        {"labels": "hair,1"},
        {"boxes": [(40, 20, 80, 160), (290.5, 90, 60, 100)]},
        {"boxes": np.array([[40, 20, 80, 160]]), "labels": "trousers"},
    ],
)
@pytest.mark.parametrize("scene", [GROUP, draw(), draw(Figure(20, 8, 340, 240))], ids=["group", "nobody", "filling"])
def test_it_answers_what_the_service_answers(
    predictor: jppnet.Predictor, client: jppnet.Client, scene: Any, options: dict[str, Any]
) -> None:
    assert values(predictor(scene.png, **options)) == values(client.analyze(scene.png, **options))


@pytest.mark.parametrize("card", [parsing_card(), pose_card()], ids=["parsing alone", "pose alone"])
def test_models_for_one_task_answer_alike(tmp_path: Path, detector_path: Path, card: dict[str, Any]) -> None:
    model = write_toy_model(tmp_path / "one.onnx", card)
    with jppnet.Predictor(model, detector=detector_path, **QUICK) as predictor:
        settings = Settings(model=model, detector=detector_path, **QUICK)
        with serving(Engine.start(settings), settings) as http, jppnet.Client(str(http.base_url)) as client:
            for photo, people in product((GROUP.png, draw().png), ("auto", "one")):
                assert values(predictor(photo, people=people)) == values(client.analyze(photo, people=people))


def test_the_shipped_model_gives_the_pixels_of_the_service() -> None:
    with jppnet.Predictor(detector="jppnet-detect", **QUICK) as predictor:
        answer = predictor(PORTRAIT)
        settings = Settings(detector=Path("jppnet-detect"), **QUICK)
        with serving(Engine.start(settings), settings) as http, jppnet.Client(str(http.base_url)) as client:
            assert values(client.analyze(PORTRAIT)) == values(answer)
            assert values(client.model()) == values(predictor.model)
            for path, plane in (("parse?format=ids", answer.mask), ("parse?format=instances", answer.instances)):
                content = http.post(f"/{path}", content=PORTRAIT.read_bytes()).content
                pixels = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_UNCHANGED)
                np.testing.assert_array_equal(pixels, plane)
    assert (answer.model, answer.width, answer.height, len(answer.people)) == ("jppnet-lite", 512, 512, 1)
    assert answer["face"].share == pytest.approx(answer.mask_of("face").mean(), abs=1e-6)


def test_a_photo_comes_in_many_forms(predictor: jppnet.Predictor, tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    path.write_bytes(GROUP.png)
    opaque = np.dstack((GROUP.photo, np.full(GROUP.photo.shape[:2], 255, np.uint8)))
    forms = (GROUP.png, path, str(path), io.BytesIO(GROUP.png), GROUP.photo, opaque)
    images = (Image.open(path), Image.fromarray(opaque), Image.fromarray(GROUP.photo).quantize(256))
    answer = values(predictor(GROUP.png))
    for photo in (*forms, *images):
        assert values(predictor(photo)) == answer


def test_grey_and_transparent_photos_are_shown_as_the_service_shows_them(
    predictor: jppnet.Predictor, client: jppnet.Client
) -> None:
    grey = GROUP.photo[..., 0]
    clear = np.dstack((GROUP.photo, grey))
    for pixels in (grey, grey[..., None], np.dstack((grey, grey)), clear):
        file = io.BytesIO()
        mode = {2: "L", 3: {1: "L", 2: "LA", 4: "RGBA"}.get(pixels.shape[-1])}[pixels.ndim]
        Image.fromarray(pixels.squeeze(), mode).save(file, "PNG")
        assert values(predictor(pixels, people="one")) == values(client.analyze(file.getvalue(), people="one"))


def test_a_pillow_image_is_turned_upright(predictor: jppnet.Predictor, tmp_path: Path) -> None:
    image = Image.fromarray(GROUP.photo).transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.png", exif=exif)
    answer = predictor(Image.open(tmp_path / "turned.png"))
    assert values(answer) == values(predictor(GROUP.photo))


def test_what_a_service_refuses_is_the_same_problem(predictor: jppnet.Predictor, client: jppnet.Client) -> None:
    box = (40, 20, 80, 160)
    refused: list[tuple[Any, dict[str, Any]]] = [
        (b"", {}),
        (b"GIF89a", {}),
        (GROUP.png[:-30], {}),
        (GROUP.png, {"labels": "beard"}),
        (GROUP.png, {"boxes": [(900, 0, 10, 10)]}),
        (GROUP.png, {"boxes": [(0, 0, 0, 10)]}),
        (GROUP.png, {"boxes": [box] * 33}),
        (GROUP.png, {"boxes": [box], "people": 2}),
        (GROUP.png, {"people": 0}),
        (GROUP.png, {"people": "many"}),
    ]
    for photo, options in refused:
        with pytest.raises(jppnet.ProblemError) as here:
            predictor(photo, **options)
        with pytest.raises(jppnet.ProblemError) as there:
            client.analyze(photo, **options)
        assert (here.value.type, here.value.title, here.value.status) == (
            there.value.type,
            there.value.title,
            there.value.status,
        )
        if "people" not in options:
            assert here.value.detail == there.value.detail
    with pytest.raises(FileNotFoundError):
        predictor("nowhere.jpg")


def numbered(count: int) -> Iterator[bytes]:
    """Photos of which each has a shirt of its own width."""
    for number in range(count):
        yield png(paint(96, 128, {1: (0, 0, 8 + 4 * number, 64)}))


def test_a_stream_gives_answers_in_order(predictor: jppnet.Predictor) -> None:
    widths = [answer["shirt"].box.width for answer in predictor.stream(numbered(12), people="one")]
    assert widths == sorted(set(widths))
    assert len(widths) == 12


def test_a_stream_takes_photos_only_as_they_are_answered(predictor: jppnet.Predictor) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield GROUP.png

    stream = predictor.stream(endless())
    assert taken == 0
    next(stream)
    first = taken
    for _ in range(5):
        next(stream)
    assert first <= 3
    assert taken <= first + 5
    stream.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("predictor") for thread in threading.enumerate())


def test_an_answer_waits_for_one_photo_at_most(toy_path: Path) -> None:
    answered = threading.Event()

    def slow_source() -> Iterator[bytes]:
        yield GROUP.png
        time.sleep(1)
        yield GROUP.png
        assert answered.is_set()

    with jppnet.Predictor(toy_path, **QUICK | {"lanes": 2}) as predictor:  # which four photos at once keep busy
        for _ in predictor.stream(slow_source()):
            answered.set()


def test_a_buffer_may_be_used_again_for_the_next_photo(predictor: jppnet.Predictor) -> None:
    buffer = np.empty((128, 96, 3), np.uint8)

    def camera() -> Iterator[np.ndarray[Any, np.dtype[np.uint8]]]:
        for number in range(6):
            buffer[:] = paint(96, 128, {1: (0, 0, 8 + 8 * number, 64)})
            yield buffer

    widths = [answer["shirt"].box.width for answer in predictor.stream(camera(), people="one")]
    assert widths == sorted(set(widths))


def test_a_stream_ends_with_the_first_error_or_gives_it(predictor: jppnet.Predictor) -> None:
    photos: list[Any] = [GROUP.png, b"none", "nowhere.jpg", np.zeros((2, 2)), GROUP.png]
    stream = predictor.stream(photos)
    assert next(stream).people
    with pytest.raises(jppnet.ProblemError, match="Not a photo"):
        next(stream)
    with pytest.raises(StopIteration):
        next(stream)
    kinds = [type(answer) for answer in predictor.stream(photos, return_errors=True)]
    assert kinds == [jppnet.Analysis, jppnet.ProblemError, FileNotFoundError, ValueError, jppnet.Analysis]


def test_threads_may_share_one(predictor: jppnet.Predictor) -> None:
    expected = values(predictor(GROUP.png))
    with ThreadPoolExecutor(8) as pool:
        assert all(values(answer) == expected for answer in pool.map(predictor, [GROUP.png] * 40))


def test_it_is_closed_for_good_and_leaves_nothing_behind(toy_path: Path) -> None:
    cv2.setNumThreads(3)
    before = set(threading.enumerate())
    with jppnet.Predictor(toy_path, **QUICK) as predictor:
        assert predictor(GROUP.png).people
    predictor.close()
    assert set(threading.enumerate()) == before
    assert cv2.getNumThreads() == 3
    with pytest.raises(RuntimeError, match="closed"):
        predictor(GROUP.png)
    with pytest.raises(RuntimeError, match="closed"):
        next(predictor.stream([GROUP.png]))


def test_one_that_is_forgotten_is_closed(toy_path: Path) -> None:
    before = set(threading.enumerate())
    predictor = jppnet.Predictor(toy_path, **QUICK)
    assert set(threading.enumerate()) > before
    del predictor
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize(
    ("model", "settings", "words"),
    [
        (
            "jppnet-huge",
            {},
            "There is no model “jppnet-huge”. jppnet-base, jppnet-lite come with jppnet; or name a file",
        ),
        ("jppnet-lite", {"max_people": 99}, "MAX_PEOPLE"),
        ("jppnet-lite", {"max_peple": 9}, "max_peple is no setting. Did you mean “max_people”"),
    ],
)
def test_what_cannot_be_is_said(model: str, settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        jppnet.Predictor(model, **settings)


def run_alone(program: str, folder: Path, *search: Path) -> subprocess.CompletedProcess[str]:
    """A program in a process of its own, in a folder, which imports from these folders after its own."""
    path = ":".join(map(str, search))
    environment = {"PYTHONPATH": path, "JPPNET_DETECTOR": "", "JPPNET_LANES": "1", "JPPNET_MAX_BATCH": "1"}
    return subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )


INSTALLED = (ROOT, ROOT / "clients/python")


def test_it_needs_no_web_server(toy_path: Path, tmp_path: Path) -> None:
    """Nor does a program that forgets to close it hang at its end."""
    program = f"""
import sys
for module in ("fastapi", "starlette", "uvicorn", "typer", "prometheus_client"):
    sys.modules[module] = None  # importing it fails
import jppnet
print(jppnet.Predictor({str(toy_path)!r}, provider="cpu")({str(PORTRAIT)!r}).width)
"""
    done = run_alone(program, tmp_path, *INSTALLED)
    assert (done.returncode, done.stdout) == (0, "512\n"), done.stderr


def test_a_folder_of_the_same_name_that_hides_the_engine_is_named(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service/__init__.py").touch()
    done = run_alone("import jppnet; jppnet.Client(); jppnet.Predictor()", tmp_path, *INSTALLED)
    last = done.stderr.splitlines()[-1]
    assert last.startswith(f"ImportError: {tmp_path}/service hides the package “service” of jppnet, which is at {ROOT}")
    assert "Rename it" in last


def test_a_module_of_the_same_name_that_was_imported_before_is_named(tmp_path: Path) -> None:
    (tmp_path / "service.py").touch()
    done = run_alone("import sys, service; del sys.path[0]; from jppnet import Predictor", tmp_path, *INSTALLED)
    assert f"ImportError: {tmp_path}/service.py hides the package “service”" in done.stderr


def test_a_folder_without_a_package_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    assert run_alone("import jppnet; jppnet.Predictor", tmp_path, *INSTALLED).returncode == 0


def test_the_client_alone_says_what_is_missing(tmp_path: Path) -> None:
    libraries = [folder for folder in sys.path if not (Path(folder) / "service").exists()]
    program = f"import sys; sys.path[:] = {[str(ROOT / 'clients/python'), *libraries]}; import jppnet; jppnet.Predictor"
    done = run_alone(program, tmp_path)
    assert "ImportError: The package “service” of jppnet is not installed" in done.stderr
