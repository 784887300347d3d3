"""Run state: how far a run has come, stored in its ``last.pt``."""

import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import torch

from training.checkpoints.checkpoint import save_atomically
from training.errors.input_error import InputError
from training.networks.recipe import Recipe
from training.networks.registry import parse_recipe
from training.networks.torch_file import read_torch_file
from training.recipes.differences import differences

STATE_FILE = "last.pt"
MAY_CHANGE = ("description", "run.", "schedule.epochs")
"""Keys of the recipe, or the beginnings of such, that may differ when a run is resumed."""


class OtherRecipeError(InputError):
    """A run that is to be resumed was made by another recipe."""


@dataclass
class Progress:
    """How far a run has come. A file without a field is from before there was one."""

    epoch: int = 0
    """Whole epochs trained."""
    step: int = 0
    """Steps done of the epoch under way."""
    sums: dict[str, float] = field(default_factory=dict)
    """Terms of the loss, summed over those steps."""
    seconds: float = 0.0
    """Time that those steps took."""
    waited: float = 0.0
    """The part of it in which the process waited for data."""
    best: float = -math.inf
    """Score of ``best.pt``."""
    record: dict[str, Any] | None = None
    """What the log will say of the last epoch, as long as it says nothing yet: validation is due before."""
    photos: int = 0
    """Photos to learn from."""

    def record_of_epoch(self, steps: int, batch: int) -> dict[str, Any]:
        """What the log says of the epoch under way, which has this many steps, all of them done."""
        return {
            "epoch": self.epoch + 1,
            "losses": {name: value / steps for name, value in self.sums.items()},
            "images_per_second": round(steps * batch / max(self.seconds, 1e-9), 2),
            "data_wait": round(self.waited / max(self.seconds, 1e-9), 4),
        }

    def next_epoch(self, record: dict[str, Any]) -> None:
        """The epoch under way is done; its record is due in the log."""
        self.epoch += 1
        self.step, self.sums, self.seconds, self.waited = 0, {}, 0.0, 0.0
        self.record = record


def save_state(folder: Path, progress: Progress, recipe: Recipe, parts: dict[str, Any]) -> None:
    """Write ``last.pt``, with the random state that the next step begins with. Raises StorageError."""
    random = {"cpu": torch.get_rng_state()} | (
        {"cuda": torch.cuda.get_rng_state()} if torch.cuda.is_available() else {}
    )
    content = {**asdict(progress), "recipe": recipe.model_dump(mode="json"), "random": random, **parts}
    save_atomically(folder / STATE_FILE, content)


@dataclass(frozen=True)
class SavedRun:
    """What ``last.pt`` has: the progress, the recipe, and everything, by name, on the CPU."""

    progress: Progress
    recipe: Recipe
    state: dict[str, Any]


def load_state(folder: Path) -> SavedRun:
    """Read ``last.pt``. Raises OSError and TorchFileError."""
    state: dict[str, Any] = read_torch_file(folder / STATE_FILE)
    known = {entry.name for entry in fields(Progress)}
    progress = Progress(**{name: value for name, value in state.items() if name in known})
    return SavedRun(progress, parse_recipe(state["recipe"]), state)


def restore_random(random: dict[str, torch.Tensor]) -> None:
    """Set the random state that a saved run stopped with."""
    torch.set_rng_state(random["cpu"])
    if "cuda" in random and torch.cuda.is_available():
        torch.cuda.set_rng_state(random["cuda"])


def require_same_recipe(folder: Path, stored: Recipe, recipe: Recipe, epochs_done: int) -> list[str]:
    """What differs, and may. Raises OtherRecipeError that names every key that may not, with both values."""
    changed = differences(stored, recipe)
    if refused := [str(change) for change in changed if not change.key.startswith(MAY_CHANGE)]:
        raise OtherRecipeError(
            f"{folder} was begun with another recipe: {'; '.join(refused)}. Resume it without naming a recipe, or "
            f"begin a run in another --out; --from {folder / 'best.pt'} begins with its weights"
        )
    if recipe.schedule.epochs < epochs_done:
        raise OtherRecipeError(
            f"{folder} has trained {epochs_done} epochs already: schedule.epochs={recipe.schedule.epochs} is fewer"
        )
    return [str(change) for change in changed]
