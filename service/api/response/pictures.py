"""Picture answers: masks, overlays, cutouts and skeletons."""

from collections.abc import Callable, Collection
from typing import Final

import cv2
import numpy as np

from service.api.request.answer_options import DEFAULT, Options
from service.engine.model.card import Card
from service.engine.photo.analysis import Analysis
from service.imaging import blend
from service.imaging.binary_mask import binary_mask, keep_labels, keep_where
from service.imaging.decode import Image
from service.imaging.outline import draw_outlines
from service.imaging.png import grey_png, palette_png
from service.imaging.skeleton import bone_colors, draw_skeleton
from service.imaging.srgb import jpeg_in_srgb, png_in_srgb

Draw = Callable[[Analysis, Options, Image], Image]
"""Makes a picture of the photo (height, width, 3), RGB, which it does not change."""

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


def cutout_png(analysis: Analysis, options: Options) -> bytes:
    """The wanted parts of the photo, as opaque as it is itself; the rest is transparent."""
    return _png(blend.cutout(analysis.picture, analysis.coverage(_wanted_labels(analysis, options))))


def draw_overlay(analysis: Analysis, options: Options, photo: Image) -> Image:
    """The photo with its labels' colours laid over it; of several people, each has an outline of another colour."""
    wanted = binary_mask(analysis.mask, _wanted_labels(analysis, options))
    picture = blend.overlay(photo, analysis.mask, analysis.card.palette, wanted, options.opacity)
    if len(analysis.people) > 1:
        draw_outlines(picture, analysis.instances, bone_colors(len(analysis.people)))
    return picture


def draw_pose(analysis: Analysis, options: Options, photo: Image) -> Image:
    """The photo with people's skeletons drawn in."""
    return _with_skeletons(photo.copy(), analysis)


def draw_everything(analysis: Analysis, options: Options, photo: Image) -> Image:
    """The photo with its labels' colours and people's skeletons."""
    has_labels = bool(analysis.card.labels)
    return _with_skeletons(draw_overlay(analysis, options, photo) if has_labels else photo.copy(), analysis)


def as_jpeg(draw: Draw) -> Callable[[Analysis, Options], bytes]:
    """The encoder of a drawing as a JPEG, of a photo with transparent pixels on white."""

    def encode(analysis: Analysis, options: Options) -> bytes:
        bgr = cv2.cvtColor(draw(analysis, options, analysis.photo), cv2.COLOR_RGB2BGR)
        jpeg = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY))[1]
        return jpeg_in_srgb(np.asarray(jpeg, np.uint8))

    return encode


def as_png(draw: Draw) -> Callable[[Analysis, Options], bytes]:
    """The encoder of a drawing as a PNG, with the photo's alpha if it has transparent pixels."""

    def encode(analysis: Analysis, options: Options) -> bytes:
        picture = analysis.picture
        if picture.shape[2] == 3:
            return _png(draw(analysis, options, picture))
        drawn = draw(analysis, options, np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGBA2RGB), np.uint8))
        return _png(np.dstack((drawn, picture[..., 3])))

    return encode


def _png(picture: Image) -> bytes:
    """A picture (height, width, 3 or 4), sRGB, with alpha if it has any."""
    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR if picture.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    del picture  # large photos take much memory
    return png_in_srgb(np.asarray(cv2.imencode(".png", bgr)[1], np.uint8))


def chosen_labels(ids: Image, options: Options) -> Image:
    """The label map (height, width), labels that are not wanted being background."""
    return ids if options.labels is None else keep_labels(ids, options.labels)


def _wanted_labels(analysis: Analysis, options: Options) -> Collection[int]:
    """The labels that are asked for; without a choice, all but the background."""
    return range(1, len(analysis.card.labels)) if options.labels is None else options.labels


def _with_skeletons(picture: Image, analysis: Analysis) -> Image:
    count = len(analysis.people)
    colors = bone_colors(count) if count > 1 else [None] * count
    for (_, person), color in zip(analysis.people, colors, strict=True):
        draw_skeleton(picture, person.keypoints[:, :2], analysis.card.skeleton, person.visible, color)
    return picture
