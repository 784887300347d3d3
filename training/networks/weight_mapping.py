"""Weight mapping: others' weights put into a network by name, all of them or none."""

from collections.abc import Mapping

from torch import Tensor

from training.errors.input_error import InputError


class IncompleteWeightsError(InputError):
    """The weights do not fill the network exactly; the message names each that is at fault, a line each."""


def require_exact(given: Mapping[str, tuple[int, ...]], wanted: Mapping[str, tuple[int, ...]]) -> None:
    """Compare shapes by name. Raises IncompleteWeightsError for what is missing, left over or of a wrong shape."""
    problems = [f"missing: {name}" for name in wanted if name not in given]
    problems += [f"left over: {name}" for name in given if name not in wanted]
    problems += [
        f"wrong shape: {name} is {given[name]}, wanted {shape}"
        for name, shape in wanted.items()
        if name in given and given[name] != shape
    ]
    if problems:
        raise IncompleteWeightsError("\n".join(problems))


def require_finite(tensors: Mapping[str, Tensor]) -> None:
    """Raises IncompleteWeightsError that names each weight with nan or infinity in it: the file is damaged."""
    if bad := [name for name, tensor in tensors.items() if not bool(tensor.isfinite().all())]:
        raise IncompleteWeightsError("\n".join(f"not finite: {name}" for name in bad))


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    """The shape of each tensor."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}
