"""The public-domain portrait that ships here, and photos as model inputs."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from training.data.fit import fit_photo
from training.data.sample import UInt8Array, read_image
from training.networks.recipe import NetworkRecipe

PORTRAIT = Path(__file__).parent / "astronaut.jpg"
"""NASA's portrait of Eileen Collins, in the public domain; the copy that scikit-image ships."""


def fitted_portrait(recipe: NetworkRecipe) -> UInt8Array:
    """The portrait as model input, uint8 (height, width, 3)."""
    return fit_photo(read_image(PORTRAIT), recipe.height, recipe.width, recipe.fit, recipe.pad_color)[0]


def portrait_views() -> list[UInt8Array]:
    """Five pictures that show different things: the portrait, mirrored and cut."""
    portrait = read_image(PORTRAIT)
    return [portrait, portrait[:, ::-1], portrait[:300], portrait[:, 100:400], portrait[50:450, 60:330]]


def fitted_photos(photos: Iterable[UInt8Array], recipe: NetworkRecipe) -> UInt8Array:
    """Photos (H, W, 3) as model inputs, uint8 (N, height, width, 3)."""
    contiguous = map(np.ascontiguousarray, photos)
    return np.stack(
        [fit_photo(photo, recipe.height, recipe.width, recipe.fit, recipe.pad_color)[0] for photo in contiguous]
    )
