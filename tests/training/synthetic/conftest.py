"""Rendered samples, made once for all tests that look at them."""

from pathlib import Path

import moderngl
import pytest

from training.data.prepared_folder import PreparedFolder
from training.synthetic.dataset import BODIES, RenderJob, ensure_bodies, synthesize

MATERIAL = Path(__file__).parents[3] / ".." / "shared" / "data"
SAMPLES = 10


@pytest.fixture(scope="session")
def material():
    """Folder of garments and motion; a test that asks for it is skipped where it, anny or OpenGL is not there."""
    for needed in ("makehuman", "cmu"):
        if not (MATERIAL / needed).is_dir():
            pytest.skip(f"{needed}/ is not beside this checkout")
    try:
        moderngl.create_context(standalone=True, backend="egl", require=330).release()
    except Exception as error:
        pytest.skip(f"no headless OpenGL: {error}")
    return MATERIAL


@pytest.fixture(scope="session")
def bodies(material):
    """The bank of bodies where the command keeps it. Making it takes minutes, so it is made by the slow tests only."""
    if not BODIES.exists():
        pytest.skip(f"{BODIES} is not there: run `python -m training.synthesize` once, or the slow tests")
    return BODIES


@pytest.fixture(scope="session")
def make_job(material, bodies):
    """Job of a folder and a seed."""
    return lambda out, seed=1: RenderJob(seed, material, bodies, None, out)


@pytest.fixture(scope="session")
def rendered(make_job, tmp_path_factory):
    """A prepared folder of a few samples, and the reasons for those that could not be made."""
    job = make_job(tmp_path_factory.mktemp("rendered"))
    skipped = synthesize(job, SAMPLES, processes=2)
    return PreparedFolder(job.out), skipped


@pytest.fixture(scope="session")
def many(material, tmp_path_factory):
    """Two hundred samples, for the proofs that take minutes."""
    pytest.importorskip("anny", reason="anny is not installed: pip install -e '.[synthetic]'")
    ensure_bodies(BODIES)
    job = RenderJob(7, material, BODIES, None, tmp_path_factory.mktemp("many"))
    synthesize(job, 200, processes=2)
    return PreparedFolder(job.out)
