"""The calls that the page shows are run as they stand, and bring the very answer that it shows."""

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from tests.helpers.browser import ASTRONAUT, ROOT, Visit, choose

JS = ROOT / "clients" / "js"

NAMES = ["astronaut.jpg", 'it\'s; "fine", $HOME.jpg']
"""The second is full of what shells and curl take for their own."""


@pytest.fixture
def shown(visit: Visit, tmp_path: Path, name: str) -> tuple[Page, Path]:
    """A page that shows the answer to a photo, and the photo's file."""
    photo = tmp_path / name
    photo.write_bytes(ASTRONAUT.read_bytes())
    page = visit()
    choose(page, photo)
    return page, photo


def code(page: Page, tongue: str) -> str:
    page.get_by_role("radio", name=tongue).check()
    text: str = page.locator("#code").inner_text()
    return text


def run(command: list[str], folder: Path) -> Any:
    return json.loads(subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=60).stdout)


def facts(answer: dict[str, Any]) -> list[object]:
    """What of an answer another program tells of it in one line."""
    return [[part["name"] for part in answer["labels"]], [person["box"] for person in answer["people"]]]


TELL = "print(json.dumps([[part.name for part in answer.labels], [list(person.box) for person in answer.people]]))"


@pytest.mark.parametrize("name", NAMES)
def test_curl_python_and_fetch_bring_the_answer(
    shown: tuple[Page, Path], server: httpx.Client, browser: Browser, elsewhere: str
) -> None:
    page, photo = shown
    answer = server.post("/analyze?format=json", content=photo.read_bytes()).json()
    assert run(["bash", "-c", code(page, "curl") + " --silent"], photo.parent) == answer
    python = f"import json\n{code(page, 'Python')}\n{TELL}"
    assert run([sys.executable, "-c", python], photo.parent) == facts(answer)
    assert fetched_elsewhere(browser, elsewhere, code(page, "fetch")) == answer


@pytest.mark.skipif(not (JS / "node_modules").exists(), reason="There is no esbuild, which npm brings.")
@pytest.mark.parametrize("name", NAMES[:1])
@pytest.mark.parametrize(("tongue", "least_same"), [("JavaScript", 1.0), ("In the browser", 0.97)])
def test_both_clients_for_javascript_bring_the_answer(
    shown: tuple[Page, Path], server: httpx.Client, browser: Browser, elsewhere: str, tongue: str, least_same: float
) -> None:
    page, photo = shown
    answer = server.post("/analyze?format=json", content=photo.read_bytes()).json()
    told = called_elsewhere(browser, elsewhere, code(page, tongue))
    assert set(told) == set(answer), told
    ids = [
        cv2.imdecode(np.frombuffer(base64.b64decode(one["mask"]), np.uint8), cv2.IMREAD_UNCHANGED)
        for one in (told, answer)
    ]
    assert (ids[0] == ids[1]).mean() >= least_same


def called_elsewhere(browser: Browser, address: str, call: str) -> Any:
    """What a module brings in a page of another origin, which finds the clients by an import map."""
    page = browser.new_page()
    page.set_default_timeout(120_000)
    page.goto(address + "clients")
    imports, _, rest = call.partition("\n\n")
    page.evaluate(
        """(text) => {
            const script = document.createElement("script");
            Object.assign(script, { type: "module", textContent: text });
            document.head.append(script);
        }""",
        f"""{imports}
            try {{
                const file = await (await fetch("photo")).blob();
                {rest}
                window.told = answer;
            }} catch (error) {{
                window.told = {{ error: String(error) }};
            }}""",
    )
    page.wait_for_function("window.told")
    told = page.evaluate("window.told")
    page.close()
    return told


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a page of another origin: an empty one, with the astronaut beside it; at ``clients`` one that
    has the clients."""
    folder = tmp_path_factory.mktemp("clients")
    entries = ["index", "local/index", "local/worker"]
    if (JS / "node_modules").exists():
        esbuild = [str(JS / "node_modules" / ".bin" / "esbuild"), *(f"{JS}/src/{entry}.ts" for entry in entries)]
        subprocess.run([*esbuild, "--bundle", "--format=esm", f"--outdir={folder}", "--log-level=error"], check=True)
        runtime = JS / "node_modules" / "onnxruntime-web" / "dist" / "ort-wasm-simd-threaded.wasm"
        (folder / "local" / runtime.name).write_bytes(runtime.read_bytes())
    imports = {"jppnet": "/index.js", "jppnet/local": "/local/index.js"}
    pages = {
        "/": b"<!doctype html><title>Shop</title>",
        "/clients": f"<!doctype html><script type=importmap>{json.dumps({'imports': imports})}</script>".encode(),
        "/photo": ASTRONAUT.read_bytes(),
    }

    class Shop(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = folder / self.path.lstrip("/")
            content = pages.get(self.path) or (file.read_bytes() if file.is_file() else None)
            self.send_response(200 if content else 404)
            kinds = {".js": "text/javascript", ".wasm": "application/wasm"}
            self.send_header(
                "Content-Type", "image/jpeg" if self.path == "/photo" else kinds.get(file.suffix, "text/html")
            )
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Shop) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def fetched_elsewhere(browser: Browser, address: str, call: str) -> Any:
    """What the call brings in a page of another origin, whose own file it sends."""
    page = browser.new_page()
    page.goto(address)
    answer = page.evaluate(f"""async () => {{
        const file = await (await fetch("photo")).blob();
        {call}
        return answer;
    }}""")
    page.close()
    return answer


@pytest.mark.parametrize("name", NAMES[:1])
def test_the_call_is_copied(shown: tuple[Page, Path]) -> None:
    page, _ = shown
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_role("button", name="Copy", exact=True).click()
    assert page.evaluate("navigator.clipboard.readText()") == code(page, "curl")


@pytest.mark.parametrize("name", NAMES[:1])
def test_the_answer_can_be_read(shown: tuple[Page, Path], server: httpx.Client) -> None:
    page, photo = shown
    answer = server.post("/analyze?format=json", content=photo.read_bytes()).json()
    read = json.loads(code(page, "Answer"))
    assert read.pop("mask").endswith(f"… {len(answer.pop('mask'))} letters")
    assert read == answer
