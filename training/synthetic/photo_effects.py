"""From what the renderer saw to a photo: dark corners between things, exposure, lens, sensor, JPEG."""

import cv2
import numpy as np

from training.data.sample import UInt8Array
from training.synthetic.camera import Camera
from training.synthetic.mesh import Floats
from training.synthetic.renderer import RenderOutput

OCCLUSION_REACH, OCCLUSION_SAMPLES = 0.16, 16
"""Metres around a point within which nearer things take light from it, and how many places are looked at."""


def composite(picture: RenderOutput, camera: Camera, backdrop: Floats) -> Floats:
    """The scene over its background, with ambient occlusion, (H, W, 3) in linear light."""
    shade = ambient_occlusion(picture, camera)
    return np.asarray(picture.color * shade[..., None] + (1 - picture.drawn[..., None]) * backdrop, np.float32)


def ambient_occlusion(picture: RenderOutput, camera: Camera) -> Floats:
    """1 in the open, less in folds, under arms, where a foot meets the ground (H, W).

    Screen-space: each pixel is compared with 16 around it; those nearer by less than twice the reach shade it
    (Mittring, 2007). At half the size, for it is smooth.
    """
    height, width = picture.distance.shape
    depth = np.asarray(cv2.resize(picture.distance, (width // 2, height // 2), interpolation=cv2.INTER_NEAREST))
    if not np.isfinite(depth).any():
        return np.ones((height, width), np.float32)
    depth = np.where(np.isfinite(depth), depth, 1e3).astype(np.float32)
    shade = np.zeros_like(depth)
    pixels = camera.focal * height / 2 * OCCLUSION_REACH / float(np.median(depth[depth < 1e3]))
    for k in range(OCCLUSION_SAMPLES):
        turn, radius = 2.399963 * k, pixels * np.sqrt((k + 0.5) / OCCLUSION_SAMPLES)
        shift = np.array([[1, 0, radius * np.cos(turn)], [0, 1, radius * np.sin(turn)]], np.float32)
        there = cv2.warpAffine(
            depth, shift, depth.shape[::-1], flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE
        )
        nearer = (depth - there) / OCCLUSION_REACH
        shade += np.clip(nearer * 1.5, 0, 1) * np.clip(2 - nearer, 0, 1)
    open_sky = 1 - 1.1 * np.maximum(shade / OCCLUSION_SAMPLES - 0.08, 0)
    smooth = cv2.GaussianBlur(np.clip(open_sky, 0.25, 1).astype(np.float32), (0, 0), 1.2)
    return np.asarray(cv2.resize(smooth, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def simulate_camera(scene: Floats, people: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Linear light (H, W, 3) → an 8-bit photo: exposed for the people, as a phone does, more or less well."""
    brightness = float(scene[people > 0].mean()) if (people > 0).any() else float(scene.mean())
    exposure = np.exp(rng.normal(np.log(0.2), 0.3)) / max(0.5 * brightness + 0.5 * float(scene.mean()), 1e-3)
    light = scene * exposure * np.exp(rng.normal(0, 0.05, 3)).astype(np.float32)
    light = lens(light, rng)
    light = np.maximum(light + rng.normal(0, 1, light.shape).astype(np.float32) * sensor_noise(light, rng), 0)
    curve = light / (light + 0.6) * 1.6 if rng.random() < 0.5 else light  # film's shoulder, or none
    srgb = np.clip(curve, 0, 1) ** (1 / 2.2)
    contrast, saturation = rng.normal(1, 0.1), np.clip(rng.normal(1, 0.15), 0, 1.4)
    if rng.random() < 0.02:
        saturation = 0.0
    grey = srgb.mean(2, keepdims=True)
    srgb = grey + saturation * (srgb - grey)
    return np.asarray(np.clip((srgb - 0.5) * contrast + 0.5, 0, 1) * 255 + 0.5, np.uint8)


def lens(light: Floats, rng: np.random.Generator) -> Floats:
    """Vignette, defocus, and now and then a moving camera."""
    height, width = light.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = light * (1 - rng.beta(1, 4) * 0.35 * (x**2 + y**2)[..., None]).astype(np.float32)
    blur = rng.exponential(0.45)
    if blur > 0.3:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), float(min(blur, 1.8))), np.float32)
    if rng.random() < 0.1:
        length, turn = int(rng.integers(3, 9)), rng.uniform(0, np.pi)
        kernel = np.zeros((9, 9), np.float32)
        reach = length / 2 * np.array([np.cos(turn), np.sin(turn)])
        start, end = ([round(float(v)) for v in 4 + sign * reach] for sign in (-1, 1))
        cv2.line(kernel, start, end, 1.0)
        light = np.asarray(cv2.filter2D(light, -1, kernel / kernel.sum()), np.float32)
    return light


def sensor_noise(light: Floats, rng: np.random.Generator) -> Floats:
    """Standard deviation of the noise of each value: of photons and of reading out."""
    gain = rng.exponential(0.004)
    return np.sqrt(gain * 0.15 * np.maximum(light, 0) + gain**2).astype(np.float32)


def encode(photo: UInt8Array, rng: np.random.Generator) -> bytes:
    """A JPEG of some quality."""
    quality = int(rng.integers(45, 97))
    ok, encoded = cv2.imencode(".jpg", cv2.cvtColor(photo, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not ok:
        raise RuntimeError("OpenCV did not encode a JPEG")
    return encoded.tobytes()
