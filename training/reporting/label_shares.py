"""How much of a prepared folder's photos is labelled, and with what: a Markdown table."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from training.data.prepared_folder import PreparedFolder
from training.labels.label_set import IGNORE, LabelSet


@dataclass(slots=True)
class LabelCounts:
    """Pixels with each value of a label map, and the photos that hold the value, summed over photos."""

    photos: int = 0
    pixels: Counter[int] = field(default_factory=Counter)
    holding: Counter[int] = field(default_factory=Counter)

    def add(self, counts: Mapping[int, int]) -> None:
        """Count a photo; ``counts`` has the number of its pixels with each value."""
        self.photos += 1
        self.pixels.update(counts)
        self.holding.update(value for value, count in counts.items() if count)

    def share(self, values: Iterable[int]) -> float:
        """Share of all pixels that have one of the values, 0–1; 0 without photos."""
        return sum(self.pixels[value] for value in values) / max(self.pixels.total(), 1)


def count_labels(folder: PreparedFolder, split: str) -> LabelCounts:
    """The counts of a split's photos, as the folder has them on record."""
    counts = LabelCounts()
    for name in folder.names(split):
        counts.add(folder.pixel_counts(name))
    return counts


def shares_table(counts: LabelCounts, label_set: LabelSet) -> str:
    """Rows: the background, labels together, coarse labels together, unknown; then each label and coarse label.

    Columns: its share of all pixels, and the photos that hold it.
    """
    background, *parts = label_set.label_id.values()
    coarse = list(label_set.coarse_id.values())
    groups = {"background": [background], "any label": parts, "any coarse label": coarse, "unknown": [IGNORE]}
    rows = [f"| **{name}** | {100 * counts.share(values):.1f} | |" for name, values in groups.items()]
    values = {name: label for name, label in label_set.label_id.items() if label != background} | label_set.coarse_id
    rows += [
        f"| {name} | {100 * counts.share([value]):.2f} | {counts.holding[value]} |" for name, value in values.items()
    ]
    return "\n".join(["| label | % of pixels | photos |", "| --- | --- | --- |", *rows])
