"""``GET /model``."""

from fastapi import APIRouter

from service.api.request.api_keys import ApiKeys
from service.api.response.coco import coco_category
from service.api.response.schemas import ImageSize, ModelAnswer
from service.engine.engine import Engine


def model_route(engine: Engine, keys: ApiKeys) -> APIRouter:
    """``GET /model``, for requests with one of the keys."""
    router = APIRouter(dependencies=keys.guard())
    card, info = engine.card, engine.info
    model = ModelAnswer(
        **card.model_dump(exclude={"fit", "pad_color", "golden"}),
        coco_categories=[coco_category(card)],
        input=ImageSize(width=info.input_width, height=info.input_height),
        provider=info.provider,
        lanes=info.lanes,
        threads=info.threads,
        largest_batch=info.largest_batch,
    )

    @router.get("/model", summary="The model: labels, joints, colours, metrics, and what it runs on")
    async def get_model() -> ModelAnswer:
        """The model's card."""
        return model

    return router
