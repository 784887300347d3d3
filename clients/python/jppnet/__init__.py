"""Client of a jppnet service: send a photo of a person, get the label of every pixel and the joints.

    import jppnet

    client = jppnet.Client("http://localhost:8000")
    parsing = client.parse("photo.jpg")
    hair = parsing.mask == next(label.id for label in parsing.labels if label.name == "hair")

:class:`AsyncClient` is the same for asyncio and trio. What the service refuses, and what is no answer of it, raises
:class:`ProblemError`; that nothing answers at all is an ``httpx.TransportError``.
"""

from jppnet.answers import Analysis, Answer, Box, Keypoint, Label, Model, ModelLabel, Parsing, Person, Pose, Region
from jppnet.client import AsyncClient, Client
from jppnet.photo import Photo
from jppnet.problem import ProblemError

__all__ = [
    "Analysis",
    "Answer",
    "AsyncClient",
    "Box",
    "Client",
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
