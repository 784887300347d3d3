"""The snippets of docs/frontends.md in new Vite projects, as anybody begins one: linted, built, run in a browser."""

import os
import re
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from service.engine.engine import Engine
from service.settings import MODELS
from tests.helpers.browser import ASTRONAUT, ROOT, settings
from tests.helpers.serving import serving

PACKAGE = ROOT / "clients" / "js"
GROUP = ROOT / "docs" / "images" / "group-photo.jpg"
CHROMIUM = shutil.which("chromium")
PATIENCE = 120_000
"""Milliseconds that a page may take for anything."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (shutil.which("npm") and CHROMIUM), reason="There is no npm, or no chromium."),
]


def npm(folder: Path, *words: str) -> str:
    done = subprocess.run(["npm", *words], cwd=folder, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, f"npm {' '.join(words)}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The address of a service that lets every page in."""
    given = settings(cors_origins=["*"], detector=MODELS / "jppnet-detect.onnx")
    with serving(Engine.start(given), given) as client:
        yield str(client.base_url).rstrip("/")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The client as it is published."""
    folder = tmp_path_factory.mktemp("package")
    npm(PACKAGE, "pack", "--silent", "--pack-destination", str(folder))
    (file,) = folder.glob("*.tgz")
    return file


def snippets(language: str, service: str) -> list[str]:
    """The page's snippets in a language, with the address of this service."""
    page = (ROOT / "docs" / "frontends.md").read_text()
    found: list[str] = re.findall(rf"^```{language}\n(.*?)^```", page, re.DOTALL | re.MULTILINE)
    return [snippet.replace("http://localhost:8000", service) for snippet in found]


def new_project(folder: Path, template: str, package: Path) -> Path:
    """A project as Vite's own command makes it, with the client."""
    npm(folder, "create", "--yes", "vite@latest", "app", "--", "--template", template, "--no-interactive")
    npm(folder / "app", "install", "--no-audit", "--no-fund", str(package), "onnxruntime-web", "@types/node")
    return folder / "app"


@contextmanager
def developing(project: Path) -> Iterator[str]:
    """The address of Vite's server for a project."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    vite = str(project / "node_modules" / ".bin" / "vite")
    command = [vite, "--host", "127.0.0.1", "--port", str(port), "--strictPort"]
    server = subprocess.Popen(command, cwd=project, stdout=subprocess.DEVNULL, env={**os.environ, "BROWSER": "none"})
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            try:
                httpx.get(url)
                break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page about which the browser must have nothing to complain."""
    complaints: list[str] = []
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    page.close()
    assert not complaints


STARTS = {
    "drawing": "RUN;",
    "telephone": 'document.querySelector("input").onchange = () => RUN;',
    # The photo as a film.
    "local": """
        const [image, canvas, video] = ["img", "canvas", "video"].map((name) => document.querySelector(name));
        await image.decode();
        const draw = () => canvas.getContext("2d").drawImage(image, 0, 0);
        draw();
        setInterval(draw, 100);
        video.srcObject = canvas.captureStream();
        await video.play();
        RUN;""",
}
"""How a page begins with a snippet for which something must be there."""
REACT_APP = """import { useState } from "react";
import { Parts } from "./Parts";

export default function App() {
  const [file, setFile] = useState<File>();
  return (
    <main>
      <input type="file" onChange={(event) => setFile(event.target.files?.[0])} />
      {file && <Parts file={file} />}
    </main>
  );
}
"""
VITE_CONFIG = """import { defineConfig } from "vite";
import react from "@vitejs/plugin-react";

export default defineConfig({
  plugins: [react()],
  optimizeDeps: { exclude: ["jppnet", "onnxruntime-web"] },
});
"""
VUE_APP = """<script setup lang="ts">
import { shallowRef } from "vue";
import Parts from "./Parts.vue";

const file = shallowRef<File>();
const choose = (event: Event) => (file.value = (event.target as HTMLInputElement).files?.[0]);
</script>

<template>
  <input type="file" @change="choose" />
  <Parts v-if="file" :file="file" />
</template>
"""


def test_react_and_typescript(tmp_path: Path, package: Path, service: str, page: Page) -> None:
    project = new_project(tmp_path, "react-ts", package)
    source = project / "src"
    (component,) = snippets("tsx", service)
    (source / "Parts.tsx").write_text(component)
    (source / "App.tsx").write_text(REACT_APP)
    (project / "vite.config.ts").write_text(VITE_CONFIG)
    drawing, local, node, telephone = snippets("ts", service)
    for name, code in (("drawing", drawing), ("local", local), ("telephone", telephone)):
        (source / f"{name}.ts").write_text(code)
        html = f"""<!doctype html><img src="/photo.jpg"><canvas width="512" height="512"></canvas>
            <video muted></video><input type="file"><progress></progress>
            <script type="module">{STARTS[name].replace("RUN", f'import("/src/{name}.ts")')}</script>"""
        (project / f"{name}.html").write_text(html)
    (project / "public" / "photo.jpg").write_bytes(ASTRONAUT.read_bytes())
    assert "warning" not in npm(project, "run", "--silent", "lint").replace("0 warnings", "")
    npm(project, "run", "--silent", "build")

    with developing(project) as url:
        page.goto(url)
        page.set_input_files("input", ASTRONAUT)
        expect(page.locator("li", has_text="face")).to_be_visible(timeout=PATIENCE)
        expect(page.locator("canvas")).to_be_visible()
        for name, said in (("drawing", "pixels of coat"), ("local", "wasm 1 [")):
            with page.expect_console_message(lambda message, said=said: said in message.text):  # type: ignore[misc]
                page.goto(f"{url}/{name}.html")
        page.goto(f"{url}/telephone.html")
        with page.expect_console_message(lambda message: message.text == "5"):
            page.set_input_files("input", GROUP)
        assert page.eval_on_selector("progress", "(bar) => bar.value") == 1

    (project / "node.mts").write_text(node)
    (project / "photo.jpg").write_bytes(ASTRONAUT.read_bytes())
    compiler = ["--module", "nodenext", "--target", "es2022", "--types", "node", "--ignoreConfig", "node.mts"]
    npm(project, "exec", "--", "tsc", *compiler)
    subprocess.run(["node", "node.mjs"], cwd=project, check=True, timeout=120)
    assert (project / "head.png").read_bytes().startswith(b"\x89PNG")


def test_vue_and_typescript(tmp_path: Path, package: Path, service: str, page: Page) -> None:
    project = new_project(tmp_path, "vue-ts", package)
    (component,) = snippets("vue", service)
    (project / "src" / "Parts.vue").write_text(component)
    (project / "src" / "App.vue").write_text(VUE_APP)
    npm(project, "run", "build")
    with developing(project) as url:
        page.goto(url)
        page.set_input_files("input", ASTRONAUT)
        expect(page.locator("figcaption")).to_contain_text("face", timeout=PATIENCE)


@contextmanager
def files_served(folder: Path) -> Iterator[str]:
    """The address of a server that gives a folder's files, and does nothing else."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_pages_without_a_bundler(tmp_path: Path, package: Path, service: str, page: Page) -> None:
    npm(tmp_path, "install", "--no-audit", "--no-fund", "--ignore-scripts", str(package))
    alone, plain = snippets("html", service)
    (several,) = snippets("js", service)
    (tmp_path / "alone.html").write_text(alone)
    (tmp_path / "plain.html").write_text(plain)
    (tmp_path / "several.html").write_text(f"""<input type="file"><script type="module">
        document.querySelector("input").onchange = async ({{ target: {{ files: [file] }} }}) => {{
          {several}
          console.log("here are", answer.people.length, "and at the corner", personAt(0, 0));
        }};
        </script>""")
    with files_served(tmp_path) as url:
        page.goto(f"{url}/alone.html")
        page.set_input_files("#file", ASTRONAUT)
        page.wait_for_function("document.querySelector('#answer').naturalWidth === 512")

        page.goto(f"{url}/plain.html")
        page.set_input_files("#file", ASTRONAUT)
        page.wait_for_function("!!document.querySelector('#photo').onpointermove")
        page.hover("#photo", position={"x": 225, "y": 130})
        expect(page.locator("#part")).to_have_text("face")

        page.goto(f"{url}/several.html")
        with page.expect_console_message(lambda message: message.text == "here are 5 and at the corner 0"):
            page.set_input_files("input", GROUP)
