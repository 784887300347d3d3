"""Distance of points to a polyline."""

import itertools

import numpy as np

from training.data.unlabelled import Points


def distance_to_polyline(points: Points, chain: Points) -> Points:
    """Distance of each point (P, 2) to a polyline (K, 2), both in pixels → (P,)."""
    nearest = np.full(len(points), np.inf)
    for start, end in itertools.pairwise(chain):
        bone = end - start
        along = np.clip((points - start) @ bone / max(float(bone @ bone), 1e-9), 0.0, 1.0)
        nearest = np.minimum(nearest, np.linalg.norm(points - start - along[:, None] * bone, axis=1))
    return nearest
