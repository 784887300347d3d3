"""schemathesis calls the service as its OpenAPI document allows, and as it does not: no server error, and no answer
that the document does not foresee."""

import os
import subprocess
import sys
from pathlib import Path

import httpx

HERE = Path(__file__).parent


def test_every_answer_is_documented_and_none_is_a_server_error(client: httpx.Client, tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "run", f"{client.base_url}/openapi.json"),
        *("--checks", "all", "--continue-on-failure", "--suppress-health-check", "all"),
        # No schema can say which bytes are a photo, so some of what it allows is refused.
        *("--exclude-checks", "positive_data_acceptance"),
        *("--max-examples", "15", "--seed", "1", "--generation-database", "none"),
    ]
    environment = os.environ | {
        "SCHEMATHESIS_HOOKS": "tests.helpers.schemathesis_hooks",
        "PYTHONPATH": str(HERE.parents[1]),
    }
    ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Fuzzing" in ended.stdout
