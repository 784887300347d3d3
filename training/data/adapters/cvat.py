"""Adapter for photos whose masks were drawn or corrected in CVAT, exported as “CVAT for images 1.1" (https://docs.cvat.ai)::

    *.xml             the export: annotations.xml
    images/NAME       the photos by the names that the export has; also directly in the folder

``jppnet parse PHOTOS --format cvat`` writes such a file to begin with. Masks, polygons and boxes are read;
``z_order`` and then their order say what lies over what, and what none covers is background.
"""

import xml.etree.ElementTree as ET
from functools import partial
from pathlib import Path

import numpy as np

from training.data.adapters.corrected_folder import CorrectedFolder, Correction, Fill, Shape, bitmap, box, polygon
from training.data.sample import BrokenSampleError
from training.errors.input_error import InputError

SHAPES = ("mask", "polygon", "box")


def cvat(root: Path) -> CorrectedFolder:
    """The photos of a folder's export. Raises FileNotFoundError where there is none, and InputError."""
    places = {}
    exports = [file for file in (root / "annotations.xml", root / "cvat.annotations.xml") if file.exists()][:1]
    for file in exports or sorted(root.glob("*.xml")):
        for image in _root(file).iterfind("image"):
            place = Path(image.get("name", "")).with_suffix("").as_posix()
            if place in places:
                raise InputError(f"{root} has {image.get('name')} twice, the second time in {file.name}")
            places[place] = partial(_read, root, image)
    if not places:
        raise FileNotFoundError(f"{root} has no export of CVAT: annotations.xml of “CVAT for images 1.1”, with images")
    return CorrectedFolder(root, "CVAT", places)


def _root(file: Path) -> ET.Element:
    try:
        return ET.parse(file).getroot()
    except ET.ParseError as error:
        raise InputError(f"{file} is no XML file: {error}") from None


def _read(root: Path, image: ET.Element) -> Correction:
    name = image.get("name", "")
    photo = next((place for folder in ("images", ".") if (place := root / folder / name).exists()), root / name)
    try:
        size = (int(image.attrib["height"]), int(image.attrib["width"]))
        elements = [element for element in image if element.tag in SHAPES]
        if other := sorted({element.tag for element in image} - {*SHAPES, "tag"}):
            raise ValueError(f"it has shapes of the kind {', '.join(other)}; {', '.join(SHAPES)} can be read")
        elements.sort(key=lambda element: int(element.get("z_order", "0")))
        shapes = tuple(Shape(element.attrib["label"], _fill(element)) for element in elements)
    except (KeyError, ValueError) as error:
        raise BrokenSampleError(f"{name}: cannot be read: {error}") from None
    return Correction(photo, size, shapes)


def _fill(element: ET.Element) -> Fill:
    told = element.attrib
    if element.tag == "polygon":
        return polygon([map(float, point.split(",")) for point in told["points"].split(";")])
    if element.tag == "box":
        return box(float(told["xtl"]), float(told["ytl"]), float(told["xbr"]), float(told["ybr"]))
    height, width = int(told["height"]), int(told["width"])
    runs = [int(run) for run in told["rle"].split(",")]
    if sum(runs) != height * width or min(runs) < 0:
        raise ValueError(f"a mask's runs are of {sum(runs)} pixels, not {width}×{height}")
    pixels = np.repeat(np.resize([False, True], len(runs)), runs).reshape(height, width)
    return bitmap(pixels, int(told["left"]), int(told["top"]))
