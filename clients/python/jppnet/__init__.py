"""Which body part or garment each pixel of a photo is, and where people's joints are: from a jppnet service, or here.

    import jppnet

    client = jppnet.Client("http://localhost:8000")  # a service answers
    parsing = client.parse("photo.jpg")
    hair = parsing.mask_of("hair")  # bool (height, width)

    with jppnet.Predictor("jppnet-lite") as predictor:  # the model runs in this process
        analysis = predictor("photo.jpg")

:class:`AsyncClient` is :class:`Client` for asyncio and trio. Answers are the same, whoever gives them. What is refused,
and what is no answer of a service, raises :class:`ProblemError`; that nothing answers at all is an
``httpx.TransportError``.

:class:`Predictor` comes with the whole package, jppnet; the distribution jppnet-client has all the rest.
"""

from typing import TYPE_CHECKING, Any

from jppnet.answers import (
    Analysis,
    Answer,
    Box,
    Detector,
    Keypoint,
    Label,
    Model,
    ModelLabel,
    Parsing,
    Person,
    Pose,
    Region,
)
from jppnet.client import AsyncClient, Client
from jppnet.photo import Photo
from jppnet.problem import ProblemError

if TYPE_CHECKING:
    from service.predictor import Predictor as Predictor

__all__ = [
    "Analysis",
    "Answer",
    "AsyncClient",
    "Box",
    "Client",
    "Detector",
    "Keypoint",
    "Label",
    "Model",
    "ModelLabel",
    "Parsing",
    "Person",
    "Photo",
    "Pose",
    "ProblemError",
    "Region",
]


def __getattr__(name: str) -> Any:
    """Imports what runs the model when it is asked for: the client alone needs none of it."""
    if name == "Predictor":
        from jppnet.installation import import_module_of

        return import_module_of("service", "predictor").Predictor
    raise AttributeError(f"module “jppnet” has no attribute “{name}”")
