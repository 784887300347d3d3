"""Photos to prove a file with: the public-domain portrait that ships here, or a folder of your own."""

from pathlib import Path

import numpy as np

from training.data.sample import UInt8Array, read_image
from training.recipe import NetworkRecipe
from training.transforms import fit_photo

PORTRAIT = Path(__file__).parent / "astronaut.jpg"
"""NASA's portrait of Eileen Collins, in the public domain; the copy that scikit-image ships."""


def fitted_portrait(recipe: NetworkRecipe) -> UInt8Array:
    """The portrait as model input, uint8 (height, width, 3)."""
    return fit_photo(read_image(PORTRAIT), recipe.height, recipe.width, recipe.fit)[0]


def fitted_photos(folder: Path | None, recipe: NetworkRecipe, count: int) -> UInt8Array:
    """``count`` model inputs (count, height, width, 3): the folder's first photos, or views of the portrait."""
    if folder is not None:
        paths = sorted(folder.glob("*.jpg"))[:count]
        if len(paths) < count:
            raise ValueError(f"{folder}: {count} .jpg photos are needed, {len(paths)} found")
        photos = [read_image(path) for path in paths]
    else:
        portrait = read_image(PORTRAIT)
        photos = [portrait, portrait[:, ::-1], portrait[:300], portrait[:, 100:400], portrait[50:450, 60:330]][:count]
    fitted = [fit_photo(np.ascontiguousarray(photo), recipe.height, recipe.width, recipe.fit)[0] for photo in photos]
    return np.stack(fitted)
