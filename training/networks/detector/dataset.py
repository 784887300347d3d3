"""Training batches of the person detector: pictures of one size a batch, and their targets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from training.data.adapters.ccp import ClothingCoParsing
from training.data.hash_split import hash_share
from training.data.openimages_boxes import BoxedPhoto, boxed_splits, read_boxed
from training.data.openimages_source import OpenImagesPeople
from training.data.sample import DatasetInfo, UInt8Array, read_image
from training.networks.detector.augment import random_picture
from training.networks.detector.input_size import input_size
from training.networks.detector.recipe import DetectorRecipe
from training.networks.detector.targets import make_targets

PIXELS = 416 * 416
"""Photos larger than Open Images' here are made as small before they are kept in memory."""

GARMENTS_INFO: Final = DatasetInfo(
    name="Clothing dataset (full, high resolution), photos without people",
    licence="CC0",
    source="https://github.com/alexeygrigorev/clothing-dataset",
)

RENDERED_INFO: Final = DatasetInfo(
    name="rendered people",
    licence="free to use: MakeHuman's garments (CC0), anny's bodies (Apache-2.0), CMU's motion (free)",
    source="training.synthesize",
)

NOBODY_SPLITS: Final = {"val": (0.0, 0.25), "tune": (0.25, 0.4), "train": (0.4, 1.0)}
"""Photos of garments by the hash of their names."""


@dataclass(frozen=True)
class DetectorData:
    """The photos that the detector learns from, read whole: Open Images', photos of nobody, street photos, and rendered
    people."""

    people: Sequence[BoxedPhoto]
    nobody: Sequence[BoxedPhoto]
    street: Sequence[BoxedPhoto]
    rendered: Sequence[BoxedPhoto]


def read_data(openimages: Path, garments: Path, street: Path, rendered: Path) -> DetectorData:
    """The training split of each folder; prepared for a few hundred megabytes of memory."""
    source, no_boxes = OpenImagesPeople(openimages), np.zeros((0, 4), np.float32)
    return DetectorData(
        [read_boxed(source, name) for name in boxed_splits(source)["train"]],
        [BoxedPhoto(shrunk(read_image(path)), no_boxes, no_boxes) for path in nobody_photos(garments, "train")],
        street_photos(ClothingCoParsing(street)),
        rendered_photos(rendered),
    )


def nobody_photos(garments: Path, split: str) -> list[Path]:
    """Paths of a split's photos of garments without people."""
    least, most = NOBODY_SPLITS[split]
    return [path for path in sorted(garments.rglob("*.jpg")) if least <= hash_share(path.stem) < most]


def street_photos(source: ClothingCoParsing) -> list[BoxedPhoto]:
    """Street photos of one person, with the box around everything that is labelled."""
    photos = []
    for name in source.splits()["train"]:
        if (box := source.person_box(name)) is None:  # one photo's annotation is empty
            continue
        photo = read_image(source.photo(name))
        image = shrunk(photo)
        boxes = box[None] * np.float32(image.shape[0] / photo.shape[0])
        photos.append(BoxedPhoto(image, boxes, np.zeros((0, 4), np.float32)))
    return photos


def rendered_photos(folder: Path) -> list[BoxedPhoto]:
    """Pictures that ``training.synthesize`` made, with everybody's box."""
    photos = []
    for path in sorted((folder / "people").glob("*.json")):
        picture = read_image(folder / "images" / f"{path.stem}.jpg")
        boxes = np.array([person["box"] for person in json.loads(path.read_text())], np.float32).reshape(-1, 4)
        image = shrunk(picture)
        boxes *= np.float32(image.shape[0] / picture.shape[0])
        photos.append(BoxedPhoto(image, boxes, np.zeros((0, 4), np.float32)))
    return photos


def shrunk(image: UInt8Array) -> UInt8Array:
    """A photo with at most ``PIXELS`` pixels."""
    scale = (PIXELS / (image.shape[0] * image.shape[1])) ** 0.5
    if scale >= 1:
        return image
    size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


class DetectorBatches(Dataset[tuple[Tensor, ...]]):
    """An epoch's batches: images uint8 (N, 3, H, W) and the fields of ``Targets``, float32.

    Each is random, and the same for the same recipe, epoch and index; epochs repeat by ``sampling.distinct_epochs``.
    """

    def __init__(self, data: DetectorData, recipe: DetectorRecipe, epoch: int) -> None:
        self.data, self.recipe, self.epoch = data, recipe, epoch % recipe.sampling.distinct_epochs

    def __len__(self) -> int:
        return len(self.data.people) // self.recipe.schedule.batch

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        recipe, rng = self.recipe.augmentation, np.random.default_rng((self.recipe.schedule.seed, self.epoch, index))
        height, width = input_size(1000, int(1000 * rng.choice(recipe.aspects)), int(rng.choice(recipe.sides)))
        batch, loss = self.recipe.schedule.batch, self.recipe.loss
        order = _order(len(self.data.people), self.recipe.schedule.seed, self.epoch)
        images, targets = [], []
        for number in order[index * batch : (index + 1) * batch]:
            draw = partial(self._draw, rng, [number])
            picture = random_picture(draw, height, width, self.recipe.sampling.mosaic, recipe, rng)
            images.append(picture.image.transpose(2, 0, 1))
            targets.append(make_targets(picture.boxes, picture.doubtful, height, width, loss.spread, loss.doubtful))
        return torch.from_numpy(np.stack(images)), *(
            torch.from_numpy(np.stack(field)) for field in zip(*targets, strict=True)
        )

    def _draw(self, rng: np.random.Generator, first: list[int]) -> BoxedPhoto:
        """A photo: of another source by the recipe's shares, else Open Images', the epoch's next one first."""
        sampling, chance = self.recipe.sampling, rng.random()
        for share, photos in (
            (sampling.nobody, self.data.nobody),
            (sampling.street, self.data.street),
            (sampling.rendered, self.data.rendered),
        ):
            if chance < share:
                return photos[int(rng.integers(len(photos)))]
            chance -= share
        return self.data.people[first.pop() if first else int(rng.integers(len(self.data.people)))]


@cache
def _order(count: int, seed: int, epoch: int) -> tuple[int, ...]:
    return tuple(np.random.default_rng((seed, epoch)).permutation(count).tolist())
