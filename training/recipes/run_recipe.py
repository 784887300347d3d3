"""Run recipe: how a run uses the machine, and how often it measures and saves."""

from typing import Literal

from pydantic import Field

from training.recipes.strict_model import StrictModel

Precision = Literal["auto", "bf16", "fp16", "fp32"]


class RunRecipe(StrictModel):
    """The table ``run``. It may differ when a run is resumed: what is learnt from is the same.

    All but ``sync_batch_norm`` change a result by rounding at most, in a network whose batch norm is frozen.
    """

    validate_every: int = Field(
        default=4, gt=0, description="epochs between two validations; the last epoch always has one"
    )
    save_every: int = Field(
        default=1000, ge=0, description="steps between two saves within an epoch; 0: after epochs only"
    )
    accumulate: int = Field(
        default=1, gt=0, description="passes that a process makes of its share of a batch, to save memory"
    )
    precision: Precision = Field(default="auto", description="of the network; auto: bf16 on a GPU, fp32 on a CPU")
    sync_batch_norm: bool = Field(default=False, description="batch norm over all processes' photos; on GPUs only")
    channels_last: bool = Field(default=True, description="memory order of images and weights")
    compile: bool = Field(default=False, description="torch.compile: minutes at the start, then faster on most GPUs")
    workers: int | Literal["auto"] = Field(
        default="auto", description="loading processes; auto: a core each, 8 at most"
    )
    prefetch: int = Field(default=2, gt=0, description="batches that each loading process prepares ahead")
    pin_memory: bool = Field(
        default=True, description="page-locked batches, for copies that do not wait; without a GPU: none"
    )
    timeout: float = Field(
        default=1800, gt=0, description="seconds that a process waits for the others before it gives up"
    )
