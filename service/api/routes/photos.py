"""``POST /parse``, ``/pose`` and ``/analyze``: each sends a photo through the engine and encodes the answer its way."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Final, NamedTuple

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.observability.traces import trace_stages
from service.api.openapi.document import photo_answer, photo_body, problems
from service.api.request.answer_options import Options, require_joints, require_labels
from service.api.request.api_keys import ApiKeys
from service.api.request.body import UploadReader, may_have_options
from service.api.request.conditional import entity_tag, matches
from service.api.request.disconnect import cancel_on_disconnect
from service.api.request.headers import RequestHeaders, read_request_headers
from service.api.request.option_places import only_options_of, with_body_options
from service.api.request.parameter_cache import CachedParametersRoute
from service.api.request.upload_budget import Upload, UploadBudget
from service.api.response.formats import ANALYZE, PARSE, POSE, ChosenFormat, Formats, choose
from service.api.response.schemas import (
    AnalyzeAnswer,
    CocoInstance,
    CocoResult,
    OpenPoseAnswer,
    ParseAnswer,
    PoseAnswer,
    Segment,
)
from service.api.response.server_timing import server_timing
from service.api.routes.parameters import AnalyzeParameters, ParseParameters, PhotoParameters, PoseParameters
from service.engine.engine import Engine
from service.engine.errors import DeadlineError
from service.engine.photo.analysis import Analysis
from service.engine.served_engine import ServedEngine
from service.settings import Settings


class PhotoCall(NamedTuple):
    """A call's formats, and those among which the header Accept decides where none is named."""

    formats: Formats
    negotiable: Sequence[str]

    def choose(self, parameters: PhotoParameters, headers: RequestHeaders) -> ChosenFormat:
        """The format of an answer.

        Raises:
            NotAcceptableError: see :func:`choose`.
        """
        return choose(self.formats, parameters.format, headers.accept, self.negotiable)


PARSE_CALL: Final = PhotoCall(PARSE, ("mask", "json"))
POSE_CALL: Final = PhotoCall(POSE, ("json",))
ANALYZE_CALL: Final = PhotoCall(ANALYZE, ("json",))


def photo_routes(served: ServedEngine, settings: Settings, uploads: UploadBudget, keys: ApiKeys) -> APIRouter:
    """``POST /parse``, ``/pose`` and ``/analyze``, for requests with one of the keys."""
    router = APIRouter(
        route_class=CachedParametersRoute,
        dependencies=keys.guard(),
        responses=problems(400, 404, 406, 408, 413, 415, 422, 431, 500, 503, 504),
    )
    reader = UploadReader(int(settings.max_upload_mb * 1e6), settings.body_seconds, uploads)

    async def answer(request: Request, headers: RequestHeaders, call: PhotoCall, query: PhotoParameters) -> Response:
        engine = served.engine
        options = query.options(engine.card)
        engine.check(options.boxes)
        with uploads.enter() as upload:
            # What may name a format in its body is negotiated when that has been read.
            chosen = None if may_have_options(request) else call.choose(query, headers)
            return await answer_to(engine, upload, request, headers, call, query, options, chosen)

    async def answer_to(
        engine: Engine,
        upload: Upload,
        request: Request,
        headers: RequestHeaders,
        call: PhotoCall,
        query: PhotoParameters,
        options: Options,
        chosen: ChosenFormat | None,
    ) -> Response:
        seconds = headers.timeout_ms / 1000 if headers.timeout_ms else settings.timeout_seconds
        deadline = time.monotonic() + seconds
        try:
            async with asyncio.timeout(seconds):
                body = await reader.read(request, upload)
                if body.options:
                    query = with_body_options(query, body.options, body.place)
                    options = query.options(engine.card)
                    engine.check(options.boxes)
                if body.options or chosen is None:
                    chosen = call.choose(query, headers)
                photo = await engine.inspect(body.photo)
                key = (engine.fingerprint, request.scope["path"], chosen.name, chosen.media_type, options)
                tag = entity_tag(photo.digest, *key)
                answer_headers = {"ETag": tag, "Vary": "Accept"}
                if matches(headers.if_none_match, tag):
                    return Response(status_code=304, headers=answer_headers)
                encode = partial(_encode, chosen, options)
                content, stats = await cancel_on_disconnect(
                    request, engine.analyze(photo, encode, deadline, options.boxes, options.people)
                )
        except TimeoutError:
            raise DeadlineError(
                f"There was no answer within {seconds:g} s. Try again later, or allow more time with the header "
                "X-Request-Timeout-Ms.",
                served.stats().retry_after,
            ) from None
        request.state.stats, request.state.model = stats, engine.card.title
        trace_stages(stats.timings)
        answer_headers["Server-Timing"] = server_timing(stats.timings)
        return Response(content, media_type=chosen.media_type, headers=answer_headers)

    @router.post(
        "/parse",
        summary="Who wears what where: a mask of the photo's size",
        response_model=ParseAnswer | list[Segment] | list[CocoInstance],
        responses=photo_answer("A picture, or JSON for the formats json, coco and hf", "image/png", "image/jpeg"),
        openapi_extra=photo_body(ParseParameters),
        dependencies=[Depends(only_options_of(ParseParameters))],
    )
    async def parse(
        request: Request,
        headers: Annotated[RequestHeaders, Depends(read_request_headers)],
        query: Annotated[ParseParameters, Query()],
    ) -> Response:
        """Labels every pixel of the upright photo with a part or garment."""
        require_labels(served.engine.card)
        return await answer(request, headers, PARSE_CALL, query)

    @router.post(
        "/pose",
        summary="How they stand: named joints in photo pixels",
        response_model=PoseAnswer | list[CocoResult] | OpenPoseAnswer,
        responses=photo_answer("The people and their joints", "image/jpeg", "image/png"),
        openapi_extra=photo_body(PoseParameters),
        dependencies=[Depends(only_options_of(PoseParameters))],
    )
    async def pose(
        request: Request,
        headers: Annotated[RequestHeaders, Depends(read_request_headers)],
        query: Annotated[PoseParameters, Query()],
    ) -> Response:
        """Finds people's joints."""
        require_joints(served.engine.card)
        return await answer(request, headers, POSE_CALL, query)

    @router.post(
        "/analyze",
        summary="Mask and joints from one run of the model",
        response_model=AnalyzeAnswer | OpenPoseAnswer,
        responses=photo_answer("Labels, mask, people and joints", "image/jpeg", "image/png"),
        openapi_extra=photo_body(AnalyzeParameters),
        dependencies=[Depends(only_options_of(AnalyzeParameters))],
    )
    async def analyze(
        request: Request,
        headers: Annotated[RequestHeaders, Depends(read_request_headers)],
        query: Annotated[AnalyzeParameters, Query()],
    ) -> Response:
        """What /parse and /pose say, from one run of the model; of a model for one of the two, what that one says."""
        return await answer(request, headers, ANALYZE_CALL, query)

    return router


def _encode(chosen: ChosenFormat, options: Options, analysis: Analysis) -> bytes:
    return chosen.encode(analysis, options)
