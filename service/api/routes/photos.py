"""``POST /parse``, ``/pose`` and ``/analyze``: each sends a photo through the engine and encodes the answer its way."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.observability.traces import trace_stages
from service.api.openapi.document import PHOTO_BODY, photo_answer, problems
from service.api.request.api_keys import ApiKeys
from service.api.request.body import UploadReader
from service.api.request.boxes import read_boxes
from service.api.request.conditional import entity_tag, matches
from service.api.request.disconnect import cancel_on_disconnect
from service.api.request.headers import RequestHeaders, read_request_headers
from service.api.request.options import (
    DEFAULT,
    Boxes,
    ImageId,
    Labels,
    MaskIn,
    Opacity,
    Options,
    People,
    choose_people,
    find_labels,
    require_joints,
    require_labels,
)
from service.api.request.parameter_cache import CachedParametersRoute
from service.api.request.upload_budget import Upload, UploadBudget
from service.api.response.formats import (
    ANALYZE,
    PARSE,
    POSE,
    AnalyzeFormat,
    ChosenFormat,
    ParseFormat,
    PoseFormat,
    choose,
)
from service.api.response.schemas import (
    AnalyzeAnswer,
    CocoInstance,
    CocoResult,
    ParseAnswer,
    PoseAnswer,
    Segment,
)
from service.api.response.server_timing import server_timing
from service.engine.errors import DeadlineError
from service.engine.photo.analysis import Analysis
from service.engine.served_engine import ServedEngine
from service.settings import Settings


def photo_routes(engine: ServedEngine, settings: Settings, uploads: UploadBudget, keys: ApiKeys) -> APIRouter:
    """``POST /parse``, ``/pose`` and ``/analyze``, for requests with one of the keys."""
    router = APIRouter(
        route_class=CachedParametersRoute,
        dependencies=keys.guard(),
        responses=problems(400, 404, 406, 408, 413, 415, 422, 431, 500, 503, 504),
    )
    reader = UploadReader(int(settings.max_upload_mb * 1e6), settings.body_seconds, uploads)

    async def answer(request: Request, headers: RequestHeaders, chosen: ChosenFormat, options: Options) -> Response:
        engine.check(options.boxes)
        with uploads.enter() as upload:
            return await answer_to(upload, request, headers, chosen, options)

    async def answer_to(
        upload: Upload, request: Request, headers: RequestHeaders, chosen: ChosenFormat, options: Options
    ) -> Response:
        seconds = headers.timeout_ms / 1000 if headers.timeout_ms else settings.timeout_seconds
        deadline = time.monotonic() + seconds

        def encode(analysis: Analysis) -> bytes:
            return chosen.encode(analysis, options)

        try:
            async with asyncio.timeout(seconds):
                photo = await engine.inspect(await reader.read(request, upload))
                key = (engine.fingerprint, request.scope["path"], chosen.name, chosen.media_type, options)
                tag = entity_tag(photo.digest, *key)
                answer_headers = {"ETag": tag, "Vary": "Accept"}
                if matches(headers.if_none_match, tag):
                    return Response(status_code=304, headers=answer_headers)
                content, stats = await cancel_on_disconnect(
                    request, engine.analyze(photo, encode, deadline, options.boxes, options.people)
                )
        except TimeoutError:
            raise DeadlineError(
                f"There was no answer within {seconds:g} s. Try again later, or allow more time with the header "
                "X-Request-Timeout-Ms.",
                engine.stats().retry_after,
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
        openapi_extra=PHOTO_BODY,
    )
    async def parse(
        request: Request,
        headers: Annotated[RequestHeaders, Depends(read_request_headers)],
        format: Annotated[  # the parameter's name in the URL
            ParseFormat | None,
            Query(
                description="**mask**: palette PNG, coloured when shown, pixel value = label id. **ids**: grey PNG, "
                "pixel value = label id. **instances**: grey PNG, pixel value = the person's index, from 1. "
                "**overlay**: the photo with the labels' colours; JPEG, or PNG if the header Accept prefers that. "
                "**cutout**: PNG of the photo with all but the wanted labels transparent. **json**: labels, mask, and "
                "what of it is whose. **coco**: COCO's instance results, one a person. **hf**: the list that Hugging "
                "Face's image segmentation gives. Without it, the header Accept decides between mask and json.",
            ),
        ] = None,
        box: Boxes = None,
        people: People = None,
        labels: Labels = None,
        opacity: Opacity = DEFAULT.opacity,
        mask: MaskIn = "png",
        image_id: ImageId = DEFAULT.image_id,
    ) -> Response:
        """Labels every pixel of the upright photo with a part or garment."""
        require_labels(engine.card)
        boxes = read_boxes(box)
        options = Options(
            find_labels(labels, engine.card), opacity, mask == "rle", boxes, choose_people(people, boxes), image_id
        )
        return await answer(request, headers, choose(PARSE, format, headers.accept, ["mask", "json"]), options)

    @router.post(
        "/pose",
        summary="How they stand: named joints in photo pixels",
        response_model=PoseAnswer | list[CocoResult],
        responses=photo_answer("The people and their joints", "image/jpeg", "image/png"),
        openapi_extra=PHOTO_BODY,
    )
    async def pose(
        request: Request,
        headers: Annotated[RequestHeaders, Depends(read_request_headers)],
        format: Annotated[
            PoseFormat | None,
            Query(
                description="**json** (the default): people and their joints. **coco**: COCO's key point results; "
                "their category is in `coco_categories` of GET /model. **overlay**: the photo with the skeleton drawn "
                "in; JPEG, or PNG if the header Accept prefers that.",
            ),
        ] = None,
        box: Boxes = None,
        people: People = None,
        image_id: ImageId = DEFAULT.image_id,
    ) -> Response:
        """Finds people's joints."""
        require_joints(engine.card)
        chosen = choose(POSE, format, headers.accept, ["json"])
        boxes = read_boxes(box)
        options = Options(boxes=boxes, people=choose_people(people, boxes), image_id=image_id)
        return await answer(request, headers, chosen, options)

    @router.post(
        "/analyze",
        summary="Mask and joints from one run of the model",
        response_model=AnalyzeAnswer,
        responses=photo_answer("Labels, mask, people and joints", "image/jpeg", "image/png"),
        openapi_extra=PHOTO_BODY,
    )
    async def analyze(
        request: Request,
        headers: Annotated[RequestHeaders, Depends(read_request_headers)],
        format: Annotated[
            AnalyzeFormat | None,
            Query(
                description="**json** (the default): labels, mask, people and joints. **overlay**: the photo with the "
                "labels' colours and the skeleton; JPEG, or PNG if the header Accept prefers that.",
            ),
        ] = None,
        box: Boxes = None,
        people: People = None,
        labels: Labels = None,
        opacity: Opacity = DEFAULT.opacity,
        mask: MaskIn = "png",
    ) -> Response:
        """What /parse and /pose say, from one run of the model; of a model for one of the two, what that one says."""
        boxes = read_boxes(box)
        options = Options(find_labels(labels, engine.card), opacity, mask == "rle", boxes, choose_people(people, boxes))
        return await answer(request, headers, choose(ANALYZE, format, headers.accept, ["json"]), options)

    return router
