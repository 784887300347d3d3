"""``GET /model``."""

from fastapi import APIRouter

from service.api.request.api_keys import ApiKeys
from service.api.response.coco import coco_category
from service.api.response.schemas import DetectorAnswer, ImageSize, ModelAnswer
from service.engine.detection.card import DetectorCard
from service.engine.engine import Engine
from service.settings import Settings


def model_route(engine: Engine, settings: Settings, keys: ApiKeys) -> APIRouter:
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
        max_people=settings.max_people,
        detector=_detector(engine.detector) if engine.detector else None,
    )

    @router.get("/model", summary="The model: labels, joints, colours, metrics, and what it runs on")
    async def get_model() -> ModelAnswer:
        """The model's card."""
        return model

    return router


def _detector(card: DetectorCard) -> DetectorAnswer:
    return DetectorAnswer(
        **card.model_dump(
            include={"name", "version", "license", "training_data", "description", "precision", "metrics"}
        ),
        input_side=card.side,
        threshold=card.score,
    )
