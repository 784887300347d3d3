"""JPPNet's training examples, made as its authors made them.

After ``utils/lip_reader.py`` and ``datasets/lip/create_heatmaps.py`` of github.com/Engineering-Course/LIP_JPPNet, but
from joints instead of 16 heat map files a photo, and with mirrored labels computed instead of read.

A photo is mirrored or not, squashed to the input's size times a random scale, padded at the right and below, and
cropped at random. All resizing is TensorFlow 1's.
"""

import numpy as np
import torch
from torch import Tensor

from training.data.mirror import mirror
from training.data.sample import FloatArray, Sample
from training.data.training_dataset import DrawOther, TrainingExample
from training.labels.label_set import IGNORE, LabelSet
from training.networks.jppnet.network import BGR_MEAN, JPPNet
from training.networks.jppnet.recipe import JPPNetRecipe
from training.networks.jppnet.tf1_resize import resize_bilinear, resize_nearest


def jppnet_example(
    sample: Sample, recipe: JPPNetRecipe, label_set: LabelSet, rng: np.random.Generator, _: DrawOther
) -> TrainingExample:
    """An augmented view of a sample: image float32 (3, H, W), labels (H, W), heat maps (J, H/8, W/8).

    The weight of a joint is 1 where it is marked. The original mixes no photos, so no other sample is drawn.
    """
    height, width = recipe.network.height, recipe.network.width
    if rng.random() < recipe.augmentation.mirror:
        sample = mirror(sample, label_set)
    scale = rng.uniform(*recipe.augmentation.scale)
    scaled = (int(height * scale), int(width * scale))
    top, left = (int(rng.integers(max(new - side, 0) + 1)) for new, side in zip(scaled, (height, width), strict=True))
    mean = torch.tensor(BGR_MEAN).flip(0)[:, None, None].expand(3, height, width)
    photo = torch.from_numpy(np.ascontiguousarray(sample.image)).permute(2, 0, 1).float()
    image = crop(resize_bilinear(photo, scaled), top, left, mean)
    unknown = torch.full((height, width), IGNORE, dtype=torch.int64)
    labels = crop(resize_nearest(torch.from_numpy(sample.labels).long(), scaled), top, left, unknown)
    rows = photo_pixels(sample.labels.shape[0], scaled[0], top, height // JPPNet.stride)
    columns = photo_pixels(sample.labels.shape[1], scaled[1], left, width // JPPNet.stride)
    maps = heat_maps(sample.joints, rows, columns, sample.labels.shape, recipe.loss.sigma, recipe.loss.window)
    weights = (~np.isnan(sample.joints[:, 0])).astype(np.float32)
    return TrainingExample(image, labels, torch.from_numpy(maps), torch.from_numpy(weights))


def crop(x: Tensor, top: int, left: int, padding: Tensor) -> Tensor:
    """The part of ``x`` (…, h, w) from (top, left) on, of ``padding``'s size (…, H, W), which shows where x ends."""
    part = x[..., top : top + padding.shape[-2], left : left + padding.shape[-1]]
    view = padding.clone()
    view[..., : part.shape[-2], : part.shape[-1]] = part
    return view


def photo_pixels(photo: int, scaled: int, start: int, cells: int) -> FloatArray:
    """The photo's pixel (row or column) that each cell shows, nan beyond its end.

    ``photo``: the photo's length in pixels, resized to ``scaled`` and cropped from ``start`` on.
    """
    pixels = start + JPPNet.stride * np.arange(cells)
    shown = np.floor(pixels.astype(np.float32) * np.float32(photo / scaled)).clip(max=photo - 1)
    return np.where(pixels < scaled, shown, np.nan).astype(np.float32)


def heat_maps(
    joints: FloatArray, rows: FloatArray, columns: FloatArray, photo: tuple[int, ...], sigma: float, window: int
) -> FloatArray:
    """Gaussians of peak 1 around the joints (J, 3), drawn in the photo (height, width) and read at ``rows`` ×
    ``columns`` of it: float32 (J, h, w).

    As the original drew them: in whole pixels, moved into the photo, from ``window`` pixels before the joint to one
    less behind it, and never in the photo's last row and column. Empty for an unmarked joint.
    """
    x = np.trunc(joints[:, :1]).clip(0, photo[1] - 1)
    y = np.trunc(joints[:, 1:2]).clip(0, photo[0] - 1)

    def along(pixels: FloatArray, center: FloatArray, length: int) -> FloatArray:
        away = pixels - center
        drawn = (away >= -window) & (away < window) & (pixels < length - 1)
        return np.where(drawn, np.exp(-np.square(away) / (2 * sigma**2)), 0.0).astype(np.float32)

    return along(rows, y, photo[0])[:, :, None] * along(columns, x, photo[1])[:, None, :]
