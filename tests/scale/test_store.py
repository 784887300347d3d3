"""``jppnet bulk`` from an object store to an object store: moto's server stands in for S3, over real HTTP."""

import io
import socket
from collections.abc import Iterator

import httpx
import pytest

pytest.importorskip("ray", reason="Ray is not installed: make test-scale")

import pyarrow.parquet as pq
from moto.server import ThreadedMotoServer

from service.api.response.pictures import parse_png
from service.engine.engine import Engine
from service.scale.bulk.storage import StoragePath
from service.settings import Settings
from tests.helpers.processes import Family
from tests.helpers.toy_model import jpeg, paint


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of an S3 server."""
    for name, value in (("ACCESS_KEY_ID", "test"), ("SECRET_ACCESS_KEY", "test"), ("DEFAULT_REGION", "us-east-1")):
        monkeypatch.setenv(f"AWS_{name}", value)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop()


def test_photos_in_a_bucket_are_answered_into_a_bucket(
    endpoint: str, toy_settings: Settings, request: pytest.FixtureRequest
) -> None:
    assert httpx.put(f"http://{endpoint}/shop").status_code == 200
    options = f"?endpoint_override={endpoint}&scheme=http&allow_bucket_creation=false&region=us-east-1"
    photos = {
        f"catalogue/{number % 3}/{number}.jpg": jpeg(paint(100 + number, 80, {1: (10, 10, 40, 40)}))
        for number in range(12)
    }
    for path, photo in photos.items():
        assert httpx.put(f"http://{endpoint}/shop/{path}", content=photo).status_code == 200
    assert httpx.put(f"http://{endpoint}/shop/catalogue/0/cut.jpg", content=b"\xff\xd8\xff\xe0").status_code == 200

    family: Family = request.getfixturevalue("family")  # after the keys are in the environment
    source, out = f"s3://shop/catalogue{options}", f"s3://shop/answers{options}"
    said = family.run("bulk", source, "--out", out, status=1)
    assert "12 photos answered, 1 failed" in said
    assert "endpoint_override" not in said
    assert "answered before" in family.run("bulk", source, "--out", out, status=1)

    location = StoragePath.open(out)
    rows = [
        row
        for info in (location / "answers").entries()
        for row in pq.read_table(io.BytesIO((location / "answers" / info.name).read())).to_pylist()
    ]
    assert sorted(f"catalogue/{row['path']}" for row in rows) == sorted(photos)
    assert [entry.is_folder for entry in (location / "failures").entries()] == [False]
    engine = Engine.start(toy_settings)
    for path, photo in photos.items():
        mask = (location / f"masks/{path.removeprefix('catalogue/')}.png").read()
        assert mask == engine.analyze_here(photo, parse_png)
    engine.close()
