"""BentoML: a worker process per core, each with a thread per core, for one may get all connections.

Run by `bentoml serve`.
"""

from pathlib import Path
from typing import Annotated

import bentoml
from bentoml.validators import ContentType

from tests.benchmarks.steps import steps_from_environment, workers


@bentoml.service(name="parse", workers=workers(), threads=workers(), logging={"access": {"enabled": False}})
class Parse:
    """The photo's mask."""

    def __init__(self) -> None:
        self.steps = steps_from_environment()

    @bentoml.api(route="/parse")
    def parse(self, photo: Annotated[Path, ContentType("image/jpeg")], /) -> Annotated[bytes, ContentType("image/png")]:
        """BentoML hands a raw body over as a file."""
        return self.steps.parse([photo.read_bytes()])[0]
