"""Augmentation recipe: how far a training photo may be changed."""

from pydantic import Field

from training.recipes.strict_model import Share, StrictModel


class AugmentationRecipe(StrictModel):
    """Probabilities and strengths of all augmentations, in 0–1, in the order in which they are applied.

    Keys with a default came later than the first checkpoints, which were trained without them.
    """

    copy_paste: Share = Field(0.0, description="probability that another photo's person is pasted beside the photo's")
    zoom_out: Share = Field(0.0, description="of the others: the person small, before another photo's background")
    background_crop: Share = Field(0.0, description="probability of a part of the photo without people, if it has one")
    mirror: Share
    half_body: Share
    scale: tuple[float, float]
    rotation: float = Field(ge=0, le=180, description="standard deviation in degrees")
    rotation_probability: Share
    turn: Share = Field(0.0, description="probability of a rotation by any angle, upside-down too")
    shift: Share = Field(description="of the input's size")
    occluder: Share
    color: Share
    low_light: Share = Field(0.0, description="probability of a darkened photo with a sensor's noise")
    degrade: Share = Field(description="probability of blur, and of JPEG compression")
