"""Calibration of label and joint scores: three numbers, fitted by ``training.calibrate``, and how they are applied.

A calibrated score is the probability to be right: of all predictions with a score of 0.8, eight in ten are. The
predictions themselves do not change, since every map here keeps the order of scores.
"""

import math
from typing import Final

from pydantic import BaseModel, ConfigDict, Field
from torch import Tensor


class Calibration(BaseModel):
    """Temperature of the label scores, and slope and offset of the joint scores' logistic map."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    temperature: float = Field(default=1.0, gt=0, description="label scores are divided by it before soft-max")
    joint_slope: float = Field(
        default=1.0, gt=0, description="the log-odds of a heat map's peak are multiplied by it …"
    )
    joint_offset: float = Field(default=0.0, description="… and this is added")


UNCALIBRATED: Final = Calibration()
"""Leaves every score as it is."""


def calibrated_scores(scores: Tensor, calibration: Calibration) -> Tensor:
    """Label scores before soft-max, any shape → the same, whose soft-max says how likely each label is.

    Temperature scaling (Guo, Pleiss, Sun, Weinberger, ICML 2017, section 4.2).
    """
    return scores / calibration.temperature


def calibrated_joint_score(peak: Tensor, calibration: Calibration) -> Tensor:
    """Height of heat maps' peaks in 0–1, any shape → how likely the joint lies there, in 0–1.

    Platt's logistic map (1999) of the peak's log-odds: σ(slope · ln(p / (1 − p)) + offset), written as a ratio, so that
    0 stays 0 and 1 stays 1.
    """
    found = math.exp(calibration.joint_offset) * peak**calibration.joint_slope
    missed = (1 - peak) ** calibration.joint_slope
    return found / (found + missed)
