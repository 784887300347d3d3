"""Registry of data sets: the adapters, by the names that ``training.prepare`` and ``training.pseudo_label`` take."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from training.data.adapter import Adapter
from training.data.adapters.atr import ActiveTemplateRegression
from training.data.adapters.ccp import ClothingCoParsing
from training.data.adapters.cvat import cvat
from training.data.adapters.labelme import labelme
from training.data.adapters.lip import LookIntoPerson
from training.data.adapters.lip_test import LookIntoPersonTest
from training.data.adapters.no_people import NoPeople
from training.data.adapters.photo_folder import PhotoFolder
from training.data.unlabelled import UnlabelledPhotos

ADAPTERS: Final[Mapping[str, Callable[[Path], Adapter]]] = {
    "atr": ActiveTemplateRegression,
    "ccp": ClothingCoParsing,
    "cvat": cvat,
    "labelme": labelme,
    "lip": LookIntoPerson,
    "lip-test": LookIntoPersonTest,
    "no-people": NoPeople,
}
"""Data sets with labels."""

UNLABELLED: Final[Mapping[str, Callable[[Path], UnlabelledPhotos]]] = {
    "ccp": ClothingCoParsing,
    "photos": PhotoFolder,
}
"""Sources of photos without labels."""
