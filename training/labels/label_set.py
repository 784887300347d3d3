"""Label set: the labels and joints of a data set, and how they belong together; one small TOML file each.

Everything reads it from the prepared folder (``labels.toml``) or from the checkpoint; the service reads the same
from the model file's card. docs/label-sets.md explains the file. "Left" and "right" are the person's own.
"""

import json
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Final, Self

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from training.errors.input_error import InputError

LABEL_SETS = Path(__file__).parent
"""Folder of the label files that come with the project."""

IGNORE: Final = 255
"""Pixel value in a label map where the label is unknown; losses and metrics ignore it."""

Byte = Annotated[int, Field(ge=0, le=255)]
Color = tuple[Byte, Byte, Byte]
NamePair = tuple[str, str]
Pairs = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Label:
    """One part label: its id (the pixel value in a label map), its name and the RGB colour that shows it."""

    id: int
    name: str
    color: tuple[int, int, int]


class LabelSetError(InputError):
    """A label file that cannot be used, with the reason."""


class LabelSet(BaseModel):
    """A label set, as in its file. The file has names; code uses the ids and indices below."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    colors: dict[str, Color] = Field(min_length=2, max_length=IGNORE)
    """Label → RGB, in the order of the pixel values; the first is the background."""
    label_pairs: tuple[NamePair, ...] = ()
    """Labels that change places when the photo is mirrored."""
    joints: tuple[str, ...] = ()
    """None: its data sets and networks are for parsing alone."""
    joint_pairs: tuple[NamePair, ...] = ()
    bones: tuple[NamePair, ...] = ()
    head: NamePair | None = None
    """Joints whose distance is PCKh's head size; without it, joints are not scored."""
    upper_body: tuple[str, ...] = ()
    """The joints that are not of the lower body: half of a body to crop to, and a figure of its own."""
    not_scored: tuple[str, ...] = ()
    """Joints that the pooled PCKh leaves out."""
    merged: dict[str, tuple[str, ...]] = {}
    """Coarse part → its labels, for a metric that rare labels cannot sway; every label once, or no part at all."""
    regions: dict[str, tuple[str, ...]] = {}
    """Region → its labels: the parts whose centres the structure-sensitive loss compares."""
    coarse: dict[str, tuple[str, ...]] = {}
    """Coarse label → the labels that a pixel may have where only that is known, like any garment. In a label map the
    first one is the pixel value 254, the next 253 and so on. Mirrored, each must be itself."""

    synonyms: dict[str, tuple[str, ...]] = {}
    """Another label set's name → the labels that are the same together; the service understands it in ``labels=``."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        labels, joints = set(self.colors), set(self.joints)
        if len(joints) != len(self.joints):
            raise ValueError("a joint is named twice")
        for key, names, known in (
            ("label_pairs", _flat(self.label_pairs), labels),
            ("joint_pairs", _flat(self.joint_pairs), joints),
            ("bones", _flat(self.bones), joints),
            ("head", list(self.head or ()), joints),
            ("upper_body", list(self.upper_body), joints),
            ("not_scored", list(self.not_scored), joints),
            ("merged", _flat(self.merged.values()), labels),
            ("regions", _flat(self.regions.values()), labels),
            *((f"coarse {name}", list(members), labels) for name, members in self.coarse.items()),
            *((f"synonym {name}", list(members), labels) for name, members in self.synonyms.items()),
        ):
            if unknown := sorted(set(names) - known):
                raise ValueError(f"{key} names what is not there: {', '.join(unknown)}")
            twice = sorted(name for name, count in Counter(names).items() if count > 1)
            if twice and key != "bones":
                raise ValueError(f"{key} names something twice: {', '.join(twice)}")
        if self.merged and (left_out := labels - set(_flat(self.merged.values()))):
            raise ValueError(f"merged leaves out labels: {', '.join(sorted(left_out))}")
        if len(self.merged) >= len(labels):
            raise ValueError("merged has as many parts as there are labels")
        if len(labels) + len(self.coarse) > IGNORE:
            raise ValueError(f"there are more than {IGNORE} labels and coarse labels")
        if taken := sorted(labels & set(self.synonyms)):
            raise ValueError(f"synonyms are labels of their own: {', '.join(taken)}")
        if empty := sorted(name for name, members in self.synonyms.items() if not members):
            raise ValueError(f"synonyms stand for no label: {', '.join(empty)}")
        for name, members in self.coarse.items():
            if any((left in members) != (right in members) for left, right in self.label_pairs):
                raise ValueError(f"coarse {name} has a label of one side and not its counterpart")
        return self

    @cached_property
    def labels(self) -> tuple[Label, ...]:
        """The labels by id."""
        return tuple(Label(number, name, color) for number, (name, color) in enumerate(self.colors.items()))

    @cached_property
    def label_id(self) -> dict[str, int]:
        return {label.name: label.id for label in self.labels}

    @cached_property
    def coarse_id(self) -> dict[str, int]:
        """Coarse label → its pixel value in a label map."""
        return {name: IGNORE - place for place, name in enumerate(self.coarse, 1)}

    @cached_property
    def pixel_values(self) -> frozenset[int]:
        """What a label map of this set may hold."""
        return frozenset((*self.label_id.values(), *self.coarse_id.values(), IGNORE))

    @cached_property
    def synonym_ids(self) -> dict[str, tuple[int, ...]]:
        """Another label set's name → label ids."""
        return {name: tuple(self.label_id[member] for member in members) for name, members in self.synonyms.items()}

    @cached_property
    def possible_labels(self) -> npt.NDArray[np.bool_]:
        """(256, L): which labels a pixel may have whose value in the label map is the row; none where it is unknown."""
        table = np.zeros((256, len(self.colors)), np.bool_)
        table[np.arange(len(self.colors)), np.arange(len(self.colors))] = True
        for name, members in self.coarse.items():
            table[self.coarse_id[name], [self.label_id[member] for member in members]] = True
        return table

    @cached_property
    def joint_id(self) -> dict[str, int]:
        return {name: index for index, name in enumerate(self.joints)}

    @cached_property
    def label_flip_pairs(self) -> Pairs:
        """Label ids that change places when the photo is mirrored."""
        return tuple((self.label_id[a], self.label_id[b]) for a, b in self.label_pairs)

    @cached_property
    def joint_flip_pairs(self) -> Pairs:
        """Joint indices that change places when the photo is mirrored."""
        return self._joint_indices(self.joint_pairs)

    @cached_property
    def skeleton(self) -> Pairs:
        """Bones, as pairs of joint indices."""
        return self._joint_indices(self.bones)

    @cached_property
    def mirrored_labels(self) -> list[int]:
        """``mirrored[i] = original[permutation[i]]``"""
        return flip_permutation(len(self.labels), self.label_flip_pairs)

    @cached_property
    def mirrored_joints(self) -> list[int]:
        return flip_permutation(len(self.joints), self.joint_flip_pairs)

    def _joint_indices(self, pairs: tuple[NamePair, ...]) -> Pairs:
        return tuple((self.joint_id[a], self.joint_id[b]) for a, b in pairs)

    def without_joints(self) -> "LabelSet":
        """The same labels, for a network that knows no joints."""
        about_joints = {"joints", "joint_pairs", "bones", "head", "upper_body", "not_scored"}
        return LabelSet.model_validate(self.model_dump(exclude=about_joints))

    def to_toml(self) -> str:
        """The file's text. JSON's strings, numbers and arrays are TOML's, too."""
        content = self.model_dump(mode="json", exclude_none=True)
        tables = {key: content.pop(key) for key in ("colors", "merged", "regions", "coarse", "synonyms")}
        lines = [f"{key} = {_toml(value)}" for key, value in content.items()]
        for title, table in tables.items():
            lines += ["", f"[{title}]", *(f"{_toml(key)} = {_toml(value)}" for key, value in table.items())]
        return "\n".join(lines) + "\n"


def _flat(groups: Iterable[Iterable[str]]) -> list[str]:
    return [name for group in groups for name in group]


def _toml(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def flip_permutation(count: int, pairs: Pairs) -> list[int]:
    """Permutation of ``range(count)`` that swaps each pair: ``mirrored[i] = original[permutation[i]]``."""
    permutation = list(range(count))
    for a, b in pairs:
        permutation[a], permutation[b] = b, a
    return permutation


def read_label_set(path: Path) -> LabelSet:
    """Read a label file. Raises LabelSetError that names the file and every fault."""
    try:
        return LabelSet.model_validate(tomllib.loads(path.read_text()))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise LabelSetError(f"{path}: {error}") from None


def load_label_set(name: str) -> LabelSet:
    """A label set that comes with the project by its name, or any label file by its path.

    Raises LabelSetError that lists the names, or says what is wrong in the file.
    """
    path = Path(name) if name.endswith(".toml") else LABEL_SETS / f"{name}.toml"
    if not path.exists():
        known = ", ".join(sorted(file.stem for file in LABEL_SETS.glob("*.toml")))
        raise LabelSetError(f"no label set {name!r}: give the path of a .toml file or one of: {known}")
    return read_label_set(path)
