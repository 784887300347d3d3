"""Photometric augmentation: colour jitter, low light, blur and JPEG compression."""

import cv2
import numpy as np

from training.data.sample import UInt8Array


def jitter_color(image: UInt8Array, strength: float, rng: np.random.Generator) -> UInt8Array:
    """Colour jitter: random gain and offset per channel and contrast; grey in one view of twenty."""
    gain = rng.uniform(1 - strength, 1 + strength) * rng.uniform(1 - strength / 3, 1 + strength / 3, 3)
    offset = 128 * (1 - gain) * rng.random() + rng.uniform(-strength, strength) * 40
    table = np.clip(np.arange(256)[:, None] * gain + offset, 0, 255).astype(np.uint8)
    image = cv2.LUT(image, table[None])  # type: ignore[assignment]
    if rng.random() < 0.05:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    return image


def low_light(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Low light: less exposure, darker shadows, and a sensor's noise."""
    exposure, gamma, noise = rng.uniform(0.3, 0.8), rng.uniform(1.0, 2.0), rng.uniform(2, 12)
    table = (255 * exposure * (np.arange(256) / 255) ** gamma).astype(np.uint8)
    grain = np.float32(noise) * rng.standard_normal(image.shape, np.float32)
    return np.clip(table[image] + grain, 0, 255).astype(np.uint8)


def motion_blur(image: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Motion blur: the mean along a straight line of 3 to 9 pixels, in any direction."""
    length, angle = int(rng.integers(3, 10)), rng.uniform(0, np.pi)
    line, reach = np.zeros((9, 9), np.float32), (length - 1) / 2
    steps = np.linspace(-reach, reach, 4 * length)
    rows, columns = (np.rint(4 + steps * part).astype(int) for part in (np.sin(angle), np.cos(angle)))
    np.add.at(line, (rows, columns), 1 / len(steps))
    return np.asarray(cv2.filter2D(image, -1, line), np.uint8)


def degrade(image: UInt8Array, probability: float, rng: np.random.Generator) -> UInt8Array:
    """Degradation by cameras and web sites: blur (defocus or motion) and JPEG, each with ``probability``."""
    if rng.random() < probability:
        if rng.random() < 0.4:
            image = motion_blur(image, rng)
        else:
            image = cv2.GaussianBlur(image, (0, 0), float(rng.uniform(0.3, 1.5)))  # type: ignore[assignment]
    if rng.random() < probability:
        quality = int(rng.integers(30, 90))
        encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        image = cv2.imdecode(encoded, cv2.IMREAD_COLOR)  # type: ignore[assignment]
    return image
