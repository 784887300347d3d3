"""The networks, by the name that recipes give them. Each is built from its own recipe."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from training.networks.jppnet import JPPNet
from training.networks.lite import LiteNetwork
from training.networks.lite_ensemble import LiteEnsemble
from training.networks.network import Network

NETWORKS: Final[Mapping[str, Callable[[Any, int, int], Network]]] = {
    "lite": LiteNetwork.by_recipe,
    "lite-ensemble": LiteEnsemble.by_recipe,
    "jppnet": JPPNet.by_recipe,
}
"""Name → (network recipe, number of labels, number of joints) → network with random weights."""
