"""The files that the page is made of, without a browser."""

import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

WEB = Path(__file__).parents[2] / "service" / "web"


@pytest.mark.parametrize("path", ["/", "/web/js/app.js", "/web/css/base.css"])
def test_a_policy_keeps_the_page_to_itself(server: httpx.Client, path: str) -> None:
    answer = server.get(path)
    assert answer.status_code == 200
    policy = dict(rule.split(" ", 1) for rule in answer.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert "unsafe" not in str(policy)
    again = server.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_worker_alone_may_compile_webassembly(server: httpx.Client) -> None:
    policy = server.get("/web/client/worker.js").headers["Content-Security-Policy"]
    assert "script-src 'self' 'wasm-unsafe-eval';" in policy
    assert "trusted-types 'none'" in policy
    assert "unsafe-inline" not in policy
    page = server.get("/").headers["Content-Security-Policy"]
    assert page.endswith("require-trusted-types-for 'script'; trusted-types jppnet-worker")


def test_files_outside_are_not_served(server: httpx.Client) -> None:
    for path in ("/web/../settings.py", "/web/%2e%2e/settings.py", "/web//etc/passwd", "/web/js", "/web/nothing.js"):
        assert server.get(path).status_code == 404
    assert server.post("/web/js/app.js").status_code == 405
    assert server.post("/").headers["Allow"] == "GET, HEAD, OPTIONS"


def test_no_address_outside_is_named() -> None:
    for path in WEB.rglob("*"):
        if (
            path.suffix in (".html", ".css", ".js", ".svg") and path.name != "worker.js"
        ):  # ONNX Runtime's, with its links
            text = path.read_text().replace("http://www.w3.org/2000/svg", "")
            assert not re.search(r"(https?:)?//[a-z0-9-]+\.[a-z]", text), path


@pytest.mark.skipif(shutil.which("npm") is None, reason="There is no npm, which brings TypeScript's checker.")
def test_the_scripts_types_hold() -> None:
    npm = ["npm", "exec", "--yes", "--prefer-offline", "--package", "typescript@5.9", "--"]
    tsc = ["tsc", "--project", str(Path(__file__).parent)]
    found = subprocess.run([*npm, *tsc], capture_output=True, text=True, timeout=300)
    assert found.returncode == 0, found.stdout + found.stderr
