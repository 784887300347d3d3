"""The commands of the docs' shell blocks, and which of them the tests leave out, with the reason."""

import re
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        *(ROOT / "docs").glob("*.md"),
        *(ROOT / "clients").glob("*/README.md"),
    )
)

DOCKER: Final = "needs Docker; tests/container builds and runs the images without it"
CLUSTER: Final = "needs a cluster; tests/docker checks its files, tests/scale runs Ray on one machine"
DATA: Final = "needs data or weights that are not in the repository; tests/training and tests/export have small ones"
HOURS: Final = "takes too long; it is the sum of other tests, or a benchmark with a test of its own"
SYSTEM: Final = "installs packages of the system, or into another environment"

LEFT_OUT: Final[dict[str, dict[str, str]]] = {
    "CONTRIBUTING.md": {"make test": HOURS, "pip install pre-commit": SYSTEM},
    "README.md": {".venv/bin/python -m training.": DATA, ".venv/bin/python -m export.": DATA},
    "docs/benchmarks.md": {"apt-get": SYSTEM, "make bench": HOURS},
    "docs/everyday-photos.md": {"make pose-environment": SYSTEM, ".venv": DATA},
    "docs/jppnet.md": {
        "make import-tf-environment": SYSTEM,
        ".venv-tf/bin/python": DATA, ".venv/bin/python": DATA, "JPPNET_MODEL=": DATA,
    },
    "docs/label-sets.md": {".venv/bin/python": DATA, ".venv/bin/jppnet serve --model atr.onnx": DATA},
    "docs/model.md": {".venv/bin/python": DATA},
    "docs/operations.md": {"docker ": DOCKER, "JPPNET_TLS=": DOCKER, "(cd docker/k8s": CLUSTER, "kubectl": CLUSTER},
    "docs/parsers.md": {
        "JPPNET_DETECTOR=": DATA, "curl": DATA, "grep VmHWM": DATA, ".venv/bin/python": DATA, ".venv/bin/pip": SYSTEM
    },
    "docs/releases.md": {
        "docker ": DOCKER,
        "python3 -m venv /opt/jppnet": "tests/container/test_air_gap.py runs the same in a root of its own",
        "/opt/jppnet/bin": "tests/container/test_air_gap.py runs the same in a root of its own",
    },
    "docs/scale.md": {
        ".venv/bin/jppnet bulk": CLUSTER, "RAY_ADDRESS=": CLUSTER, "export RAY": CLUSTER, "ray start": CLUSTER,
        "serve deploy": CLUSTER, ".venv/bin/torchrun": CLUSTER,
    },
    "docs/self-training.md": {".venv/bin/python -m training.": DATA},
    "docs/stages.md": {".venv/bin/python": DATA, "make ablation": HOURS},
    "docs/synthetic.md": {".venv/bin/pip": SYSTEM, "apt-get": SYSTEM, ".venv/bin/python": DATA},
    "docs/training.md": {
        ".venv/bin/python -m training.": DATA, ".venv/bin/python -m export.": DATA, "make ": HOURS,
        "npm pack": DATA, "tar xzf": DATA
    },
}  # fmt: skip
"""Page → how commands begin that are not run → why. What is not here is run."""


def commands(page: str) -> list[str]:
    """The commands of a page's shell blocks; a line that ends with a backslash goes on."""
    blocks = re.findall(
        r"^```(?:sh|bash|shell|console)\n(.*?)^```$", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL
    )
    lines = "".join(blocks).replace("\\\n", "\\\0").splitlines()
    return [line.replace("\0", "\n") for line in lines if line.strip() and not line.lstrip().startswith("#")]


def to_run(page: str) -> list[str]:
    """Those of them that are not left out."""
    return [command for command in commands(page) if not command.startswith(tuple(LEFT_OUT.get(page, ())))]
