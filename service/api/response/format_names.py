"""The names of the formats of each call's answer, and the media types that each comes as; the first is the default."""

from collections.abc import Mapping
from typing import Final, Literal

PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
JSON: Final = "application/json"

Call = Literal["parse", "pose", "analyze"]
ParseFormat = Literal["mask", "ids", "instances", "overlay", "cutout", "json", "coco", "hf"]
PoseFormat = Literal["json", "coco", "openpose", "openpose-18", "overlay"]
AnalyzeFormat = Literal["json", "openpose", "openpose-18", "overlay"]

MEDIA_TYPES: Final[Mapping[Call, Mapping[str, tuple[str, ...]]]] = {
    "parse": {
        "mask": (PNG,),
        "ids": (PNG,),
        "instances": (PNG,),
        "overlay": (JPEG, PNG),
        "cutout": (PNG,),
        "json": (JSON,),
        "coco": (JSON,),
        "hf": (JSON,),
    },
    "pose": {
        "json": (JSON,),
        "coco": (JSON,),
        "openpose": (JSON,),
        "openpose-18": (JSON,),
        "overlay": (JPEG, PNG),
    },
    "analyze": {"json": (JSON,), "openpose": (JSON,), "openpose-18": (JSON,), "overlay": (JPEG, PNG)},
}
"""What ``formats.py`` encodes, told apart from how: who only asks a service needs no engine."""
