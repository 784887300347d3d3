"""Picture answers: masks, overlays, cutouts and skeletons."""

from collections.abc import Callable
from typing import Final

import cv2

from service.api.request.answer_options import DEFAULT, Options
from service.engine.model.card import Card
from service.engine.photo.analysis import Analysis
from service.imaging import blend
from service.imaging.binary_mask import binary_mask, keep_labels, keep_where
from service.imaging.decode import Image
from service.imaging.outline import draw_outlines
from service.imaging.png import grey_png, palette_png
from service.imaging.skeleton import bone_colors, draw_skeleton

Draw = Callable[[Analysis, Options], Image]
"""Makes a picture (height, width, 3 or 4): RGB, or RGB and alpha."""

JPEG_QUALITY: Final = 90


def parse_png(analysis: Analysis, options: Options = DEFAULT) -> bytes:
    """The mask as a palette PNG of the photo's size."""
    return mask_png(analysis.mask, analysis.card, options)


def mask_png(ids: Image, card: Card, options: Options) -> bytes:
    """A label map (height, width) as a palette PNG: pixel value = label id, palette = the labels' colours."""
    return palette_png(chosen_labels(ids, options), card.palette)


def ids_png(analysis: Analysis, options: Options) -> bytes:
    """The mask as an 8-bit grey PNG: any reader, a browser's canvas too, gets label ids as pixel values."""
    return grey_png(chosen_labels(analysis.mask, options))


def instances_png(analysis: Analysis, options: Options) -> bytes:
    """Whose each pixel is, as an 8-bit grey PNG: the person's index from 1, 0 for nobody."""
    return grey_png(chosen_instances(analysis, options))


def chosen_instances(analysis: Analysis, options: Options) -> Image:
    """Whose each pixel (height, width) is, those of labels that are not wanted being nobody's."""
    if options.labels is None:
        return analysis.instances
    return keep_where(analysis.instances, binary_mask(analysis.mask, options.labels))


def draw_overlay(analysis: Analysis, options: Options) -> Image:
    """The photo with its labels' colours laid over it; of several people, each has an outline of another colour."""
    wanted = _wanted_mask(analysis, options)
    picture = blend.overlay(analysis.photo, analysis.mask, analysis.card.palette, wanted, options.opacity)
    if len(analysis.people) > 1:
        draw_outlines(picture, analysis.instances, bone_colors(len(analysis.people)))
    return picture


def draw_cutout(analysis: Analysis, options: Options) -> Image:
    """The wanted parts of the photo; the rest is transparent."""
    return blend.cutout(analysis.photo, _wanted_mask(analysis, options))


def draw_pose(analysis: Analysis, options: Options) -> Image:
    """The photo with people's skeletons drawn in."""
    return _with_skeletons(analysis.photo.copy(), analysis)


def draw_everything(analysis: Analysis, options: Options) -> Image:
    """The photo with its labels' colours and people's skeletons."""
    has_labels = bool(analysis.card.labels)
    return _with_skeletons(draw_overlay(analysis, options) if has_labels else analysis.photo.copy(), analysis)


def as_jpeg(draw: Draw) -> Callable[[Analysis, Options], bytes]:
    """The encoder of a drawing as a JPEG."""

    def encode(analysis: Analysis, options: Options) -> bytes:
        bgr = cv2.cvtColor(draw(analysis, options), cv2.COLOR_RGB2BGR)
        return cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1].tobytes()

    return encode


def as_png(draw: Draw) -> Callable[[Analysis, Options], bytes]:
    """The encoder of a drawing as a PNG, with alpha if it has any."""

    def encode(analysis: Analysis, options: Options) -> bytes:
        picture = draw(analysis, options)
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR if picture.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
        return cv2.imencode(".png", bgr)[1].tobytes()

    return encode


def chosen_labels(ids: Image, options: Options) -> Image:
    """The label map (height, width), labels that are not wanted being background."""
    return ids if options.labels is None else keep_labels(ids, options.labels)


def _wanted_mask(analysis: Analysis, options: Options) -> Image:
    """255 where a wanted label is; without a choice, where any but the background is."""
    everybody = range(1, len(analysis.card.labels))
    return binary_mask(analysis.mask, everybody if options.labels is None else options.labels)


def _with_skeletons(picture: Image, analysis: Analysis) -> Image:
    count = len(analysis.people)
    colors = bone_colors(count) if count > 1 else [None] * count
    for (_, person), color in zip(analysis.people, colors, strict=True):
        draw_skeleton(picture, person.keypoints[:, :2], analysis.card.skeleton, person.visible, color)
    return picture
