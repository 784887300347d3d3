"""``GET /model`` and ``GET /model/file``."""

import hashlib
from functools import lru_cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, HTTPException, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from service.api.openapi.document import BINARY
from service.api.request.api_keys import ApiKeys
from service.api.request.conditional import matches
from service.api.response.coco import coco_category
from service.api.response.schemas import DetectorAnswer, ImageSize, ModelAnswer, OtherModelAnswer
from service.engine.detection.card import DetectorCard
from service.engine.model.opened_file import OpenedFile
from service.engine.served_engine import ServedEngine
from service.settings import Settings

ONNX: Final = "application/octet-stream"
FILE_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The file; docs/model-file.md defines it.", "content": {ONNX: BINARY}},
    206: {"description": "The part of it that Range asked for."},
    304: {"description": "The file is the one whose ETag the client sent in If-None-Match."},
    416: {"description": "The file has no such part."},
}


def model_route(served: ServedEngine, settings: Settings, keys: ApiKeys) -> APIRouter:
    """``GET /model`` and ``GET /model/file``, for requests with one of the keys."""
    router = APIRouter(dependencies=keys.guard())

    @router.get("/model", summary="The model: labels, joints, colours, metrics, and what it runs on")
    async def get_model() -> ModelAnswer:
        """The model's card."""
        return model_answer(served, settings)

    @router.get(
        "/model/file",
        summary="The model itself: the ONNX file that answers here",
        response_class=Response,
        responses=FILE_RESPONSES,
    )
    async def get_model_file(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        """For programs that run the model themselves, such as pages with `jppnet/local`."""
        return await _send(served.engine.info.model_file, if_none_match)

    @router.get(
        "/model/detector/file",
        summary="The detector itself: the ONNX file that finds people here",
        response_class=Response,
        responses={**FILE_RESPONSES, 404: {"description": "Nobody is looked for here: there is no detector."}},
    )
    async def get_detector_file(if_none_match: Annotated[str | None, Header()] = None) -> Response:
        """Beside the model's file, for programs that find and parse people themselves."""
        file = served.engine.detector_file
        if file is None:
            raise HTTPException(404, "This service has no detector")
        return await _send(file, if_none_match)

    return router


async def _send(file: OpenedFile, if_none_match: str | None) -> Response:
    if not file.is_in_place:
        raise HTTPException(503, "The file of what answers here has been replaced, and its successor not taken")
    # A page caches it, and asks each time whether it is still the served one: a new model has the same address.
    tag = await run_in_threadpool(_file_tag, file)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if matches(if_none_match, tag):
        return Response(status_code=304, headers=headers)
    return FileResponse(file.path, media_type=ONNX, headers=headers)


def model_answer(served: ServedEngine, settings: Settings) -> ModelAnswer:
    """The card of the model that takes new requests, and what it runs on."""
    engine = served.engine
    card, info = engine.card, engine.info
    return ModelAnswer(
        **card.model_dump(exclude={"fit", "pad_color", "golden"}),
        coco_categories=[coco_category(card)],
        input=ImageSize(width=info.input_width, height=info.input_height),
        provider=info.provider,
        lanes=info.lanes,
        threads=info.threads,
        largest_batch=info.largest_batch,
        max_people=settings.max_people,
        detector=_detector(engine.detector) if engine.detector else None,
        others=[OtherModelAnswer(state=it.state, name=it.name, version=it.version) for it in served.others],
    )


def _detector(card: DetectorCard) -> DetectorAnswer:
    return DetectorAnswer(
        **card.model_dump(
            include={"name", "version", "license", "training_data", "description", "limits", "precision", "metrics"}
        ),
        input_side=card.side,
        threshold=card.score,
    )


@lru_cache(maxsize=4)
def _file_tag(file: OpenedFile) -> str:
    """A strong entity tag: the hash of a file."""
    with file.path.open("rb") as stream:
        return f'"{hashlib.file_digest(stream, "sha256").hexdigest()[:32]}"'
