"""What the service logs, for tests to read."""

import io
import json
import time
from typing import Any


class Captured:
    """What has been logged, as JSON lines."""

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    def lines(self) -> list[dict[str, Any]]:
        """All lines."""
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    def requests(self, count: int) -> list[dict[str, Any]]:
        """The lines of so many requests; a line comes after the answer."""
        until = time.monotonic() + 10
        while True:
            found = [line for line in self.lines() if line["logger"] == "service.api.observability.request_log"]
            if len(found) >= count or time.monotonic() > until:
                assert len(found) == count
                return found
            time.sleep(0.01)
