"""Runs the tools that check the repository's own files."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = Path(sys.executable).parent


def run(tool: str, *arguments: str | Path, cwd: Path = ROOT, stdin: str | None = None) -> tuple[int, str]:
    """What a tool of this environment says: its exit status, and its output and complaints together."""
    done = subprocess.run(
        [TOOLS / tool, *arguments],
        cwd=cwd, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout
