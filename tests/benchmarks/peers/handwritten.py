"""The endpoint one writes by hand: FastAPI, the work in its thread pool. Run by uvicorn."""

from typing import Annotated

from fastapi import Body, FastAPI, Response

from tests.benchmarks.steps import steps_from_environment

app = FastAPI()
steps = steps_from_environment()


@app.post("/parse")
def parse(photo: Annotated[bytes, Body(media_type="image/jpeg")]) -> Response:
    """The photo's mask."""
    return Response(steps.parse([photo])[0], media_type="image/png")
