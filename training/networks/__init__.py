"""The networks, by name.

All share one interface: ``network(images)`` takes float32 (N, 3, H, W), RGB, 0–255 (each network normalises for
itself) and returns its stages, first to last; the last stage is the answer.
"""

from training.networks.lite import LiteNetwork

NETWORKS: dict[str, type[LiteNetwork]] = {"lite": LiteNetwork}
