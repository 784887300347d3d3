"""Segmentation folder: a semantic segmentation model of Hugging Face's, as it lies in a local folder.

``config.json``, ``preprocessor_config.json``, weights as safetensors, and maybe a model card, ``README.md``.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from export.card import NOT_STATED
from training.data.fit import FitMode
from training.errors.input_error import InputError
from training.labels.label_set import IGNORE, Color, LabelSet
from training.networks.recipe import NetworkRecipe

BACKGROUND = "background"

LARGEST_SIDE = 4096
"""Most pixels of a side of the input. Larger ones are no network's that is served, but a mistake in a file."""


class SegmentationFolderError(InputError):
    """A folder that cannot be exported, with the reason."""


@dataclass(frozen=True)
class SegmentationFolder:
    """A folder, loaded: the model in eval mode, its image processor, and what its model card says of it."""

    model: nn.Module
    processor: Any
    license: str
    training_data: str

    @property
    def reduces_labels(self) -> bool:
        """Whether its training took the background (0) away and counted the others from 0."""
        return bool(getattr(self.processor, "do_reduce_labels", False))

    @property
    def label_names(self) -> list[str]:
        """The names of the label map's values 0, 1, 2 …; with the background put back where it was taken away."""
        id2label: dict[int, str] = self.model.config.id2label  # type: ignore[assignment, union-attr]
        names = [id2label[number] for number in sorted(id2label)]
        return [BACKGROUND, *names] if self.reduces_labels else names


def read_segmentation_folder(folder: Path) -> SegmentationFolder:
    """Load a folder; nothing is downloaded and no code of the folder's runs.

    Raises ImportError without transformers, and SegmentationFolderError for a folder that is not whole, contradicts
    itself, needs code of its own, or holds another kind of model.
    """
    try:
        from transformers import AutoImageProcessor, AutoModelForSemanticSegmentation
    except ImportError as error:
        raise ImportError(
            "a Hugging Face folder is read with transformers: in the clone, pip install '.[huggingface]'"
        ) from error

    wanted = ("config.json", "preprocessor_config.json")
    missing = [name for name in wanted if not (folder / name).is_file()]
    if not list(folder.glob("*.safetensors")):
        missing.append("model.safetensors")
    if missing:
        raise SegmentationFolderError(f"{folder} lacks {', '.join(missing)}")
    try:
        model, loading = AutoModelForSemanticSegmentation.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, output_loading_info=True
        )
        processor = AutoImageProcessor.from_pretrained(
            folder, local_files_only=True, trust_remote_code=False, backend="pil"
        )
    except Exception as error:  # transformers raises many kinds
        raise SegmentationFolderError(f"{folder} holds no semantic segmentation model that loads: {error}") from error
    # transformers fills what a file lacks with random numbers, and goes on.
    if faults := [f"{kind}: {name}" for kind in ("missing_keys", "mismatched_keys") for name in loading[kind]]:
        raise SegmentationFolderError("\n".join([f"{folder}'s weights do not fill its model:", *map(str, faults)]))
    require_labels_in_order(model.config.id2label)
    require_usable_values(model, processor)
    return SegmentationFolder(model.float().eval(), processor, *model_card_words(folder / "README.md"))


def require_labels_in_order(id2label: Mapping[int, str]) -> None:
    """Raises SegmentationFolderError where an id has no name, and for more or fewer labels than a label map can hold.

    Without a name for each, which channel of the scores is which would be a guess.
    """
    if sorted(id2label) != list(range(len(id2label))):
        left_out = sorted(set(range(max(id2label, default=0))) - set(id2label))
        raise SegmentationFolderError(
            f"config.json must name the labels 0, 1, 2 … without a gap (id2label); no name for: "
            f"{', '.join(map(str, left_out)) or 'any'}"
        )
    if not 2 <= len(id2label) < IGNORE:
        raise SegmentationFolderError(f"config.json names {len(id2label)} labels (id2label): 2 to 254 can be served")


def require_usable_values(model: nn.Module, processor: Any) -> None:
    """Raises SegmentationFolderError for weights, a mean or a deviation with which no score would be a number."""
    if bad := [name for name, value in model.state_dict().items() if not bool(value.isfinite().all())]:
        raise SegmentationFolderError(f"weights that are not finite: {', '.join(bad)}")
    if not getattr(processor, "do_normalize", False):
        return
    for name, smallest in (("image_mean", -math.inf), ("image_std", 0.0)):
        value = getattr(processor, name, None)
        numbers = list(value) if isinstance(value, Sequence) else [value] * 3
        if len(numbers) != 3 or not all(
            isinstance(number, int | float) and math.isfinite(number) and number > smallest for number in numbers
        ):
            raise SegmentationFolderError(f"preprocessor_config.json: {name} is {value}: a number a channel is wanted")


def model_card_words(readme: Path) -> tuple[str, str]:
    """Licence and training data, as a folder's model card says in its metadata; ``not stated`` where it does not."""
    from huggingface_hub import ModelCard

    if not readme.is_file():
        return NOT_STATED, NOT_STATED
    try:
        data = ModelCard.load(readme, ignore_metadata_errors=True).data
    except Exception as error:  # PyYAML's, Unicode's and the library's own
        raise SegmentationFolderError(f"{readme} has metadata that cannot be read: {error}") from error
    license_name = listed(data.get("license_name")) or listed(data.get("license")) or NOT_STATED
    link = listed(data.get("license_link"))
    named, base = listed(data.get("datasets")), listed(data.get("base_model"))
    origin = [named] if named else []
    origin += [f"from the weights of {base}"] if base else []
    return f"{license_name} ({link})" if link else license_name, "; ".join(origin) or NOT_STATED


def listed(value: Any) -> str:
    """A value of a model card's metadata, or several of them, as a text; empty for none."""
    values = value if isinstance(value, list) else [value]
    return ", ".join(str(item) for item in values if item is not None)


def network_input(folder: SegmentationFolder) -> NetworkRecipe:
    """The model's input, of the size that its processor makes: squashed, where that is what the processor does.

    A processor that keeps the proportions and cuts off what is too long becomes a letter-box: a service must show
    the model the whole photo. Raises SegmentationFolderError for a processor without a size.
    """
    processor = folder.processor
    size = dict(getattr(processor, "size", None) or {})
    crop = dict(getattr(processor, "crop_size", None) or {}) if getattr(processor, "do_center_crop", False) else {}
    chosen = crop or size
    fit: FitMode = "squash" if not crop and not getattr(processor, "keep_aspect_ratio", False) else "letterbox"
    if "shortest_edge" in chosen:
        chosen, fit = {"height": chosen["shortest_edge"], "width": chosen["shortest_edge"]}, "letterbox"
    if not all(isinstance(chosen.get(side), int) and 0 < chosen[side] <= LARGEST_SIDE for side in ("height", "width")):
        raise SegmentationFolderError(
            f"preprocessor_config.json must name height and width, 1 to {LARGEST_SIDE} pixels: size is {size}"
            + (f", crop_size {crop}" if crop else "")
        )
    name = str(folder.model.config.model_type)  # type: ignore[union-attr]
    return NetworkRecipe(name=name, height=chosen["height"], width=chosen["width"], fit=fit)


def label_set_of(folder: SegmentationFolder, name: str) -> LabelSet:
    """The folder's labels, in colours by rule; "left" and "right" of a name change places in a mirrored photo.

    Raises SegmentationFolderError for labels of equal names.
    """
    names = folder.label_names
    if len(set(names)) < len(names):
        raise SegmentationFolderError("config.json gives several labels one name (id2label): name them with --labels")
    colors = {label: palette_color(number) for number, label in enumerate(names)}
    return LabelSet(name=name, colors=colors, label_pairs=mirror_pairs(names))


def require_as_many_labels(label_set: LabelSet, folder: SegmentationFolder) -> None:
    """Raises SegmentationFolderError for a label set that has another number of labels than the model."""
    wanted = len(folder.label_names)
    if len(label_set.labels) != wanted:
        raise SegmentationFolderError(
            f"the model has {wanted} labels ({', '.join(folder.label_names)}), {label_set.name} {len(label_set.labels)}"
        )


def palette_color(number: int) -> Color:
    """Colour of a label id: Pascal VOC's palette, in which each channel takes every third bit of the id."""
    channels = [0, 0, 0]
    for bit in range(8):
        for channel in range(3):
            channels[channel] |= (number >> (3 * bit + channel) & 1) << (7 - bit)
    return channels[0], channels[1], channels[2]


def mirror_pairs(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of names that differ in "left" and "right" alone, in any case."""

    def partner(name: str) -> str:
        return re.sub(r"\bleft\b", "right", name.lower().replace("_", " ").replace("-", " "))

    plain = {name.lower().replace("_", " ").replace("-", " "): name for name in names}
    pairs = ((name, plain.get(partner(name))) for name in names)
    return tuple((left, right) for left, right in pairs if right is not None and right != left)
