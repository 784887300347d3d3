"""NVIDIA's DCGM exporter as Prometheus sees it, for machines without a GPU: the fields that are asked for, with a value
each."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

LABELS = '{gpu="0",UUID="GPU-0",device="nvidia0",modelName="NVIDIA L4",Hostname="host"}'


@contextmanager
def fake_dcgm(fields: Path) -> Iterator[int]:
    """Serves the fields of a collectors' file; gives its port."""
    names = [line.split(",")[0] for line in fields.read_text().splitlines() if line and not line.startswith("#")]
    text = "".join(f"# TYPE {name} gauge\n{name}{LABELS} {_value(name)}\n" for name in names)

    class Exporter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _value(name: str) -> int:
    return 0 if "ERROR" in name or "FAILURE" in name else 42
