"""Every Python snippet of the docs for callers runs as it is written, in its order; the notebook does as a whole."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from service.engine.engine import Engine
from service.settings import Settings
from tests.helpers.serving import serving

ROOT = Path(__file__).parents[2]
PORTRAIT = ROOT / "export/astronaut.jpg"
PAGES = ("docs/python.md", "docs/quickstart.md", "clients/python/README.md")
NOTEBOOK = ROOT / "docs/notebooks/predictor.ipynb"
SERVICE = "http://localhost:8000"
LONGEST_LINE = 120


def snippets(page: str) -> list[str]:
    """The Python blocks of a page."""
    return re.findall(r"^```python\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of a service as `make serve` starts it, in little time."""
    settings = Settings(provider="cpu", detector="jppnet-detect", lanes=1, threads=1, max_batch=1)
    with serving(Engine.start(settings), settings) as client:
        yield str(client.base_url)


@pytest.fixture
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder with what the snippets name, and settings that start quickly."""
    for photo in ("photo.jpg", "photos/one.jpg", "photos/two.jpg", "export/astronaut.jpg"):
        (tmp_path / photo).parent.mkdir(exist_ok=True)
        shutil.copy(PORTRAIT, tmp_path / photo)
    (tmp_path / "photos/broken.jpg").write_bytes(PORTRAIT.read_bytes()[:9000])
    monkeypatch.chdir(tmp_path)
    for name, value in {"DETECTOR": "jppnet-detect", "LANES": "1", "THREADS": "1", "MAX_BATCH": "1"}.items():
        monkeypatch.setenv(f"JPPNET_{name}", value)


@pytest.mark.usefixtures("_folder")
@pytest.mark.parametrize("page", PAGES)
def test_every_snippet_runs(page: str, service: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = snippets(page)
    assert found
    assert "".join(found).count("import jppnet") == len(found), "each stands alone"
    for snippet in found:
        scope: dict[str, Any] = {}
        exec(compile(snippet.replace(SERVICE, service), page, "exec"), scope)
        for name in ("answer", "analysis", "parsing"):
            assert name not in scope or scope[name].mask.shape == (512, 512)
    said = capsys.readouterr().out
    if page == "docs/python.md":
        assert "photos/one.jpg: 1 people" in said
        assert re.search(r"photos/broken\.jpg: .*cut off", said)
        assert "urn:jppnet:problem:" in said


def test_the_notebook_is_kept_without_what_it_printed() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    assert max(len(line.rstrip("\n")) for cell in cells for line in cell["source"]) <= LONGEST_LINE + 10


@pytest.mark.slow
def test_the_notebook_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import nbformat
    from nbclient import NotebookClient

    monkeypatch.delenv("JPPNET_DETECTOR", raising=False)
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    notebook = nbformat.read(NOTEBOOK, 4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert sum("image/png" in output.get("data", {}) for output in outputs) == 1
    text = "".join(output.get("text", "") for output in outputs)
    assert "group-photo.jpg: 5 people, 960×640 pixels" in text
    assert "README.md: Not a photo" in text
