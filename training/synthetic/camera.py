"""The camera and the light of a scene, and how they are drawn."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.synthetic.mesh import Floats

Doubles = npt.NDArray[np.float64]
NEAR, FAR = 0.05, 60.0
SHADOW_REACH = 2.5
"""Metres around the point looked at that the sun's shadow map covers."""


def _unit(vector: Doubles) -> Doubles:
    return np.asarray(vector / np.linalg.norm(vector), np.float64)


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole at ``eye`` that looks at ``target`` (metres), rolled by ``roll`` radians. ``focal`` is in heights of
    the picture; ``shift`` moves the picture's centre, in heights, as a crop does."""

    width: int
    height: int
    eye: Doubles
    target: Doubles
    roll: float
    focal: float
    shift: tuple[float, float] = (0.0, 0.0)

    def axes(self) -> Doubles:
        """Right, up and backward of the camera as rows (3, 3)."""
        back = _unit(self.eye - self.target)
        level = np.array([0.0, 1.0, 0.0]) if abs(back[1]) < 0.999 else np.array([0.0, 0.0, 1.0])
        right = _unit(np.cross(level, back))
        up = np.cross(back, right)
        c, s = np.cos(self.roll), np.sin(self.roll)
        return np.stack([c * right + s * up, c * up - s * right, back])

    def matrix(self) -> Doubles:
        """World → clip space, (4, 4)."""
        view = np.eye(4)
        view[:3, :3] = self.axes()
        view[:3, 3] = -view[:3, :3] @ self.eye
        lens = np.zeros((4, 4))
        lens[0, 0] = 2 * self.focal * self.height / self.width
        lens[1, 1] = 2 * self.focal
        lens[0, 2] = -2 * self.shift[0] * self.height / self.width
        lens[1, 2] = -2 * self.shift[1]
        lens[2, 2], lens[2, 3] = -(FAR + NEAR) / (FAR - NEAR), -2 * FAR * NEAR / (FAR - NEAR)
        lens[3, 2] = -1
        return np.asarray(lens @ view, np.float64)

    def project(self, points: npt.NDArray[np.floating]) -> tuple[Doubles, Doubles]:
        """World points (N, 3) → pixels (N, 2), with the centre of the top-left pixel at 0, 0, and distances from the
        eye (N,), negative behind the camera."""
        clip = np.column_stack([points, np.ones(len(points))]) @ self.matrix().T
        depth = np.where(np.abs(clip[:, 3:]) < 1e-9, 1e-9, clip[:, 3:])
        ndc = clip[:, :2] / depth
        pixels = np.column_stack([(ndc[:, 0] + 1) / 2 * self.width, (1 - ndc[:, 1]) / 2 * self.height]) - 0.5
        distance = np.linalg.norm(points - self.eye, axis=1) * np.sign(clip[:, 3])
        return pixels, distance


@dataclass(frozen=True, slots=True)
class Light:
    """A sun (or lamp) with a shadow, a fill light, sky and ground. Colours are linear RGB; directions point to the
    light; ``softness`` is the radius of the shadow's border in metres."""

    sun_direction: Doubles
    sun_color: Doubles
    fill_direction: Doubles
    fill_color: Doubles
    sky_color: Doubles
    ground_color: Doubles
    softness: float

    def uniforms(self) -> dict[str, Floats]:
        names = ("sun_direction", "sun_color", "fill_direction", "fill_color", "sky_color", "ground_color")
        return {name: np.asarray(getattr(self, name), np.float32) for name in names}

    def shadow_softness(self) -> float:
        """``softness`` in widths of the shadow map."""
        return self.softness / (2 * SHADOW_REACH)

    def shadow_projection(self, camera: Camera) -> Doubles:
        """World → the sun's clip space, (4, 4): parallel rays around the point that the camera looks at."""
        back = _unit(self.sun_direction)
        right = _unit(np.cross([0.0, 1.0, 0.0] if abs(back[1]) < 0.99 else [0.0, 0.0, 1.0], back))
        view = np.eye(4)
        view[:3, :3] = np.stack([right, np.cross(back, right), back]) / SHADOW_REACH
        view[2, :3] *= -0.5
        view[:3, 3] = -view[:3, :3] @ camera.target
        return view


def draw_light(rng: np.random.Generator) -> Light:
    """Day or lamp light: from nearly flat to hard, warm to cold, from any side above the horizon."""
    turn, height = rng.uniform(0, 2 * np.pi), np.deg2rad(rng.uniform(12, 80))
    sun = np.array([np.cos(turn) * np.cos(height), np.sin(height), np.sin(turn) * np.cos(height)])
    warmth = rng.normal(0, 0.12)
    sun_tint = np.array([1 + warmth, 1.0, 1 - 1.2 * warmth])
    hardness = rng.beta(1.5, 1.5)
    sky_tint = np.array([1 - 0.5 * warmth + rng.normal(0, 0.03), 1.0, 1 + 0.6 * warmth + rng.normal(0, 0.05)])
    fill_turn = turn + rng.uniform(1.5, 4.8)
    return Light(
        sun,
        sun_tint * (0.25 + 1.1 * hardness),
        np.array([np.cos(fill_turn), 0.3, np.sin(fill_turn)]) / np.hypot(1, 0.3),
        sky_tint * rng.uniform(0.02, 0.25),
        sky_tint * rng.uniform(0.35, 0.75) * (1.15 - 0.6 * hardness),
        np.array([0.5, 0.47, 0.42]) * rng.uniform(0.25, 0.8) * (1.15 - 0.6 * hardness),
        float(rng.uniform(0.004, 0.09)),
    )
