"""``POST /admin/model``: another model takes the place of the one that is served."""

from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from service.api.openapi.document import problems
from service.api.problems.errors import ModelRefusedError
from service.api.request.api_keys import ApiKeys
from service.api.response.schemas import ModelAnswer
from service.api.routes.model import model_answer
from service.engine.errors import StartError
from service.engine.served_engine import ServedEngine
from service.settings import Settings, shipped_file

FileName = Annotated[str, Field(pattern=r"^[\w.-]+$", max_length=200)]


class Replacement(BaseModel):
    """Which files to open. What is not named is opened anew from the file that is served."""

    model_config = ConfigDict(extra="forbid")

    model: FileName | None = Field(
        None,
        description="a model that comes with the service, or the name of a file beside the one that the service was "
        "started with",
        examples=["jppnet-base"],
    )
    detector: FileName | None = Field(None, description="the same of a detector", examples=["jppnet-detect"])


BODY: Final = {"requestBody": {"description": "Which files to open. Without a body, those that are served."}}


def admin_routes(served: ServedEngine, settings: Settings, keys: ApiKeys) -> APIRouter:
    """``POST /admin/model``, for requests with one of the keys."""
    router = APIRouter(dependencies=keys.guard(), responses=problems(401, 409, 422, 503))

    @router.post("/admin/model", summary="Another model in place of the one that is served", openapi_extra=BODY)
    async def replace_model(wanted: Replacement | None = None) -> ModelAnswer:
        """Answers when the new model takes the requests and the old one has answered its last."""
        wanted = wanted or Replacement(model=None, detector=None)
        model = _file(wanted.model, settings.model.parent)
        detector = _file(wanted.detector, (settings.detector or settings.model).parent)
        try:
            await run_in_threadpool(served.replace, model, detector)
        except StartError as error:
            raise ModelRefusedError(f"The model that was served goes on: {error}") from error
        return model_answer(served, settings)

    return router


def _file(name: str | None, folder: Path) -> Path | None:
    """A model that comes with the service, or a file in a folder; None if none is named."""
    return None if name is None else shipped_file(name) or folder / name
