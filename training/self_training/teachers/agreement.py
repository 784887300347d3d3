"""LIP labels from several teachers who check one another; a coarse label or 255 where they disagree.

Who knows what: BodyPix, where people are, which part of the body and whose side; the skin-clothes-hair network, what
covers that part; the exported model, which garment it is. Hand-drawn boxes say where nobody is.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from training.data.sample import UInt8Array
from training.labels.label_set import IGNORE
from training.labels.lip import LABEL_ID, LIP
from training.self_training.teachers.bodypix import PARTS, BodyParts
from training.self_training.teachers.exported_model import LabelOpinion
from training.self_training.teachers.skin_clothes_hair import Materials

Mask = npt.NDArray[np.bool_]

# Of the pixels of 109 hand-masked photos of Pascal VOC, by BodyPix' probability and the exported model's confidence of
# a label that is not background, so many show somebody: below 0.2, at most 12 % up to a confidence of 0.85 (the model
# takes dogs, seats and sofas beside people for coats); from 0.2 to 0.4, 9 % where the model sees nobody and 20–32 %
# where it is half sure; from 0.4 to 0.6, 29 % and 47–51 %; from 0.6 to 0.8, 52 % and 75–78 %; above, 87–99 %.
PERSON: Final = 0.6
"""BodyPix' probability from which a pixel in somebody's box is a person's. Between this and the next two it is
unknown."""
NOBODY_AGREED: Final = 0.35
"""BodyPix' probability below which a pixel is background where the exported model is not sure of somebody."""
NOBODY: Final = 0.2
"""The same whatever the exported model says."""
NOBODY_OUTSIDE: Final = 0.5
"""The same outside everybody's box."""
RIM: Final = 1 / 150
"""Of the picture's longer side: the width of the rim of a person that is left unknown, for the masks' halos."""
MATERIAL: Final = 0.5
"""From which share on a pixel is skin, clothes or hair."""
SURE: Final = 0.5
"""The exported model's confidence from which its label counts."""
SURE_RARE: Final = 0.7
"""The same for labels that are rare on people and that it likes to see where they are not."""
MAJORITY: Final = 0.7
"""Share of a region's garment votes that make its unsure pixels that garment, too."""
VOTERS: Final = 0.25
"""Share of a region's garment pixels that must have a vote."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "head": ("left-face", "right-face"),
    "torso": ("torso-front", "torso-back"),
    "left-arm": tuple(name for name in PARTS if name.startswith(("left-upper-arm", "left-lower-arm", "left-hand"))),
    "right-arm": tuple(name for name in PARTS if name.startswith(("right-upper-arm", "right-lower-arm", "right-hand"))),
    "left-leg": tuple(name for name in PARTS if name.startswith(("left-upper-leg", "left-lower-leg"))),
    "right-leg": tuple(name for name in PARTS if name.startswith(("right-upper-leg", "right-lower-leg"))),
    "left-foot": ("left-foot",),
    "right-foot": ("right-foot",),
}
"""Part of the body → BodyPix' parts that make it up."""

UPPER_GARMENTS: Final = ("upper-clothes", "dress", "coat", "jumpsuits")
LOWER_GARMENTS: Final = ("pants", "skirt", "dress", "jumpsuits", "coat")
SIDES: Final = {"left": "right", "right": "left"}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all teachers say of one picture; arrays (H, W)."""

    body: BodyParts
    materials: Materials
    opinion: LabelOpinion
    boxed: Mask
    """Where somebody's box is."""


def agreed_labels(evidence: Evidence) -> UInt8Array:
    """A label map (H, W) of LIP's labels and coarse labels; 255 where the teachers disagree or do not know."""
    person, background = person_and_background(evidence)
    labels = np.full(person.shape, IGNORE, np.uint8)
    labels[background] = LABEL_ID["background"]
    labels[person] = LIP.coarse_id["somebody"]
    body_part = body_part_map(evidence.body)
    for place, name in enumerate(GROUPS):
        region = person & (body_part == place)
        side, _, limb = name.rpartition("-")
        if name == "head":
            _label_head(labels, region, evidence)
        elif name == "torso":
            _label_torso(labels, region, evidence)
        elif limb == "arm":
            _label_limb(labels, region, evidence, name, UPPER_GARMENTS, "upper-garment")
            _accept(labels, region, evidence.opinion, ("glove",), SURE_RARE)
        elif limb == "leg":
            _label_limb(labels, region, evidence, name, LOWER_GARMENTS, "lower-garment")
            _accept(labels, region, evidence.opinion, ("socks",), SURE_RARE)
        else:
            _label_foot(labels, region, evidence, side)
    _fill_by_majority(labels, evidence.opinion, "upper-garment", UPPER_GARMENTS)
    _fill_by_majority(labels, evidence.opinion, "lower-garment", LOWER_GARMENTS)
    return labels


def person_and_background(evidence: Evidence) -> tuple[Mask, Mask]:
    """Where somebody surely is, without the rim, and where surely nobody is."""
    chance, boxed = evidence.body.person, evidence.boxed
    seen_by_model = (evidence.opinion.labels > 0) & (evidence.opinion.confidence >= SURE)
    person = boxed & (chance >= PERSON)
    width = max(1, round(max(chance.shape) * RIM))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    # The picture's own edge is no rim: people go on beyond it.
    inner = cv2.erode(person.astype(np.uint8), kernel, borderType=cv2.BORDER_REPLICATE) > 0
    nobody = np.where(seen_by_model, chance < NOBODY, chance < NOBODY_AGREED)
    return inner, np.where(boxed, nobody, chance < NOBODY_OUTSIDE)


def body_part_map(body: BodyParts) -> UInt8Array:
    """For each pixel (H, W) the place in ``GROUPS`` of its most probable part."""
    planes = [body.parts[[PARTS.index(part) for part in parts]].max(axis=0) for parts in GROUPS.values()]
    return np.asarray(np.argmax(planes, axis=0), np.uint8)


def _label_head(labels: UInt8Array, region: Mask, evidence: Evidence) -> None:
    skin, clothes, hair = _materials(evidence.materials)
    labels[region] = LIP.coarse_id["head"]
    labels[region & skin] = LABEL_ID["face"]
    labels[region & hair] = LABEL_ID["hair"]
    labels[region & clothes] = LIP.coarse_id["somebody"]
    neither = ~skin & ~clothes & ~hair
    _accept(labels, region & neither, evidence.opinion, ("face", "hair"), SURE)
    _accept(labels, region & ~skin, evidence.opinion, ("hat",), SURE_RARE)
    _accept(labels, region, evidence.opinion, ("sunglasses",), SURE_RARE)
    _accept(labels, region & clothes, evidence.opinion, (*UPPER_GARMENTS, "scarf"), SURE)


def _label_torso(labels: UInt8Array, region: Mask, evidence: Evidence) -> None:
    skin, clothes, hair = _materials(evidence.materials)
    labels[region & clothes] = LIP.coarse_id["upper-garment"]
    _accept(labels, region & ~skin & ~hair, evidence.opinion, (*UPPER_GARMENTS, "scarf"), SURE)
    _accept(labels, region & clothes, evidence.opinion, ("pants", "skirt"), SURE)
    _accept(labels, region & skin, evidence.opinion, ("face", "left-arm", "right-arm"), SURE)
    _accept(labels, region & hair, evidence.opinion, ("hair",), SURE)


def _label_limb(
    labels: UInt8Array, region: Mask, evidence: Evidence, limb: str, garments: tuple[str, ...], coarse: str
) -> None:
    """An arm or a leg: bare, or in a garment."""
    skin, clothes, _ = _materials(evidence.materials)
    labels[region & clothes] = LIP.coarse_id[coarse]
    labels[region & skin] = LABEL_ID[limb]
    _accept(labels, region & ~skin, evidence.opinion, garments, SURE)
    _accept(labels, region & ~clothes & ~skin, evidence.opinion, (limb,), SURE)
    side, _, kind = limb.partition("-")
    doubted = (*garments, f"{SIDES[side]}-{kind}")
    _doubt(labels, region & skin, evidence.opinion, doubted)


def _label_foot(labels: UInt8Array, region: Mask, evidence: Evidence, side: str) -> None:
    labels[region] = LIP.coarse_id["foot"]
    skin, _, _ = _materials(evidence.materials)
    _accept(labels, region & ~skin, evidence.opinion, (f"{side}-shoe",), SURE)
    _accept(labels, region & skin, evidence.opinion, (f"{side}-leg", f"{side}-shoe"), SURE)
    _accept(labels, region, evidence.opinion, ("socks",), SURE_RARE)


def _materials(materials: Materials) -> tuple[Mask, Mask, Mask]:
    """Where skin, clothes and hair are; a pixel is at most one of them."""
    planes = np.stack([materials.skin, materials.clothes, materials.hair])
    best = planes.argmax(axis=0)
    is_sure = planes.max(axis=0) >= MATERIAL
    skin, clothes, hair = (is_sure & (best == place) for place in range(3))
    return skin, clothes, hair


def _says(opinion: LabelOpinion, names: tuple[str, ...], least: float) -> Mask:
    return np.isin(opinion.labels, [LABEL_ID[name] for name in names]) & (opinion.confidence >= least)


def _accept(labels: UInt8Array, region: Mask, opinion: LabelOpinion, names: tuple[str, ...], least: float) -> None:
    """Takes the model's label within a region where it is one of these (in place)."""
    taken = region & _says(opinion, names, least)
    labels[taken] = opinion.labels[taken]


def _doubt(labels: UInt8Array, region: Mask, opinion: LabelOpinion, names: tuple[str, ...]) -> None:
    """Says only that somebody is there where the model is very sure of one of these labels (in place)."""
    labels[region & _says(opinion, names, SURE_RARE)] = LIP.coarse_id["somebody"]


def _fill_by_majority(labels: UInt8Array, opinion: LabelOpinion, coarse: str, garments: tuple[str, ...]) -> None:
    """Gives each connected piece of a coarse garment the label that most of it has, where most agree (in place).

    A garment is one thing: where the model is sure of most of it, it is right about the rest.
    """
    ids = [LABEL_ID[name] for name in garments]
    unsure = labels == LIP.coarse_id[coarse]
    cloth = unsure | np.isin(labels, ids)
    count, pieces = cv2.connectedComponents(cloth.astype(np.uint8), connectivity=8)
    if count < 2:
        return
    votes = np.stack(
        [np.bincount(pieces[labels == label], opinion.confidence[labels == label], count) for label in ids]
    )
    voters = np.bincount(pieces[np.isin(labels, ids)], minlength=count)
    pixels = np.bincount(pieces.ravel(), minlength=count)
    total = votes.sum(axis=0)
    agreed = (votes.max(axis=0) >= MAJORITY * total) & (voters >= VOTERS * pixels) & (total > 0)
    agreed[0] = False
    winners = np.array(ids, np.uint8)[votes.argmax(axis=0)]
    filled = unsure & agreed[pieces]
    labels[filled] = winners[pieces[filled]]
