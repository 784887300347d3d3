"""Run log: ``log.jsonl`` and TensorBoard's files in a run's folder."""

import json
from pathlib import Path
from typing import Any

from torch.utils.tensorboard import SummaryWriter

from training.data.sample import UInt8Array

LOG_FILE = "log.jsonl"


class RunLog:
    """Writes what a run measured, an epoch at a time. ``epoch``: epochs that are logged; what follows is dropped."""

    def __init__(self, folder: Path, epoch: int) -> None:
        self.path = folder / LOG_FILE
        drop_later_epochs(self.path, epoch)
        self.writer = SummaryWriter(folder, purge_step=epoch + 1 if epoch else None)

    def add_epoch(self, record: dict[str, Any], learning_rate: float) -> None:
        """One epoch's record, a line of JSON and a point on each of TensorBoard's curves."""
        with self.path.open("a") as log:
            log.write(json.dumps(record) + "\n")
        for name, value in curves(record, learning_rate).items():
            self.writer.add_scalar(name, value, record["epoch"])
        self.writer.flush()

    def add_picture(self, name: str, picture: UInt8Array, epoch: int) -> None:
        """An RGB picture (H, W, 3) for TensorBoard."""
        self.writer.add_image(name, picture, epoch, dataformats="HWC")

    def close(self) -> None:
        self.writer.close()


def curves(record: dict[str, Any], learning_rate: float) -> dict[str, float]:
    """TensorBoard's scalars of an epoch: name → value; of each label and joint, too."""
    points = {"learning_rate": learning_rate}
    points |= {f"loss/{name}": value for name, value in record["losses"].items()}
    points |= {f"speed/{name}": record[name] for name in ("images_per_second", "data_wait") if name in record}
    for name, value in record.get("metrics", {}).items():
        if isinstance(value, dict):
            points |= {f"val_{name}/{part}": figure for part, figure in value.items()}
        elif isinstance(value, float):
            points[f"val/{name}"] = value
    return points


def drop_later_epochs(path: Path, epoch: int) -> None:
    """Keep the lines of a log up to an epoch: a run that was killed after it wrote one writes it again."""
    if not path.exists():
        return
    kept = []
    for line in path.read_text().splitlines():
        try:
            if json.loads(line)["epoch"] <= epoch:
                kept.append(line)
        except json.JSONDecodeError:  # cut off when the run was killed
            continue
    unfinished = path.with_suffix(".part")
    unfinished.write_text("".join(f"{line}\n" for line in kept))
    unfinished.rename(path)
