"""The calls. Each takes a photo down the engine's line with its own way to encode the answer."""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Header, Query, Request, Response

from service.api.answers import analyze_json, mask_png, parse_json, pose_json
from service.api.documentation import BINARY, PHOTO_BODY, problems
from service.api.negotiation import negotiate
from service.api.schemas import AnalyzeAnswer, Health, ImageSize, LabelCard, ModelAnswer, ParseAnswer, PoseAnswer
from service.api.upload import read_photo
from service.api.waiting import unless_hung_up
from service.engine.analysis import Analysis
from service.engine.engine import Engine
from service.engine.errors import DeadlineError, DeviceError
from service.settings import Settings

PNG: Final = "image/png"
JSON: Final = "application/json"

Encode = Callable[[Analysis], bytes]
PARSE_FORMATS: Final[Mapping[str, tuple[str, Encode]]] = {"mask": (PNG, mask_png), "json": (JSON, parse_json)}

TimeoutMs = Annotated[
    int | None,
    Header(
        alias="X-Request-Timeout-Ms",
        ge=1,
        le=600_000,
        description="After this time the answer is of no use any more: the photo is not run, and 504 comes back.",
    ),
]
Accept = Annotated[str | None, Header(include_in_schema=False)]


def photo_routes(engine: Engine, settings: Settings) -> APIRouter:
    """The calls that take a photo."""
    router = APIRouter(responses=problems(400, 406, 413, 415, 422, 500, 503, 504))
    max_bytes = int(settings.max_upload_mb * 1e6)

    async def answer(request: Request, media_type: str, encode: Encode, timeout_ms: int | None) -> Response:
        engine.check()
        seconds = timeout_ms / 1000 if timeout_ms else settings.timeout_seconds
        deadline = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                photo = await read_photo(request, max_bytes)
                content = await unless_hung_up(request, engine.analyze(photo, encode, deadline))
        except TimeoutError:
            raise DeadlineError(
                f"There was no answer within {seconds:g} s. Try again later, or allow more time with the header "
                "X-Request-Timeout-Ms."
            ) from None
        return Response(content, media_type=media_type)

    @router.post(
        "/parse",
        summary="Who wears what where: a mask of the photo's size",
        response_model=ParseAnswer,
        responses={200: {"description": "The mask, or labels and mask as JSON", "content": {PNG: BINARY}}},
        openapi_extra=PHOTO_BODY,
    )
    async def parse(
        request: Request,
        format: Annotated[  # the parameter's name in the URL
            Literal["mask", "json"] | None,
            Query(description="mask: palette PNG, pixel value = label id. Without it, the header Accept decides."),
        ] = None,
        accept: Accept = None,
        timeout_ms: TimeoutMs = None,
    ) -> Response:
        """Labels every pixel of the upright photo with a part or garment."""
        if format is None:
            wanted = negotiate(accept, [PNG, JSON])
            format = "mask" if wanted == PNG else "json"
        media_type, encode = PARSE_FORMATS[format]
        return await answer(request, media_type, encode, timeout_ms)

    @router.post(
        "/pose",
        summary="How they stand: named joints in photo pixels",
        response_model=PoseAnswer,
        openapi_extra=PHOTO_BODY,
    )
    async def pose(request: Request, accept: Accept = None, timeout_ms: TimeoutMs = None) -> Response:
        """Finds the person's joints."""
        return await answer(request, negotiate(accept, [JSON]), pose_json, timeout_ms)

    @router.post(
        "/analyze",
        summary="Mask and joints from one run of the model",
        response_model=AnalyzeAnswer,
        openapi_extra=PHOTO_BODY,
    )
    async def analyze(request: Request, accept: Accept = None, timeout_ms: TimeoutMs = None) -> Response:
        """What /parse and /pose say, from one run of the model."""
        return await answer(request, negotiate(accept, [JSON]), analyze_json, timeout_ms)

    return router


def model_route(engine: Engine) -> APIRouter:
    """``GET /model``."""
    router = APIRouter()
    card, drive = engine.card, engine.drive
    session = drive.sessions[0]
    model = ModelAnswer(
        **card.model_dump(exclude={"labels", "fit", "pad_color", "golden"}),
        labels=[LabelCard(**label.model_dump()) for label in card.labels],
        input=ImageSize(width=session.input_width, height=session.input_height),
        provider=session.provider,
        lanes=len(drive.sessions),
        threads=drive.threads,
        largest_batch=drive.largest_batch,
    )

    @router.get("/model", summary="The model: labels, joints, colours, metrics, and what it runs on")
    async def get_model() -> ModelAnswer:
        """The model's card."""
        return model

    return router


def health_routes(engine: Engine) -> APIRouter:
    """``GET /livez`` and ``GET /readyz``. The engine is proven before anything listens, so ready means alive."""
    router = APIRouter(responses=problems(503))

    def check() -> Health:
        if engine.lanes.fault:
            raise DeviceError(engine.lanes.fault)
        return Health()

    @router.get("/livez", summary="Whether this process is of use; if not, replace it")
    async def live() -> Health:
        """503 once the device has failed."""
        return check()

    @router.get("/readyz", summary="Whether to send photos here")
    async def ready() -> Health:
        """503 once the device has failed."""
        return check()

    return router
