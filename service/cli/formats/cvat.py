"""“CVAT for images 1.1”: masks of photos in XML, to be corrected in CVAT (https://docs.cvat.ai).

Each photo has a file of its own, and a folder one file with them all, which CVAT takes for a task with these photos.
"""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from service.cli.formats.parsed_photo import ParsedPhoto

Color = tuple[int, int, int]


def cvat_xml(photo: ParsedPhoto, name: str, labels: Sequence[tuple[str, Color]]) -> bytes:
    """The file of a photo that is called ``name`` in CVAT; ``labels`` are the model's names and colours."""
    image = ET.Element("image", id="0", name=_printable(name), width=str(photo.width), height=str(photo.height))
    for part in photo.parts():
        told = {"label": part.label, "source": "auto", "occluded": "0", **_runs(part.pixels)}
        mask = ET.SubElement(image, "mask", told)
        mask.set("z_order", "0")
        if part.person is not None:
            mask.set("group_id", str(part.person))
    return _document(labels, [image])


def join(documents: Iterable[bytes]) -> bytes:
    """One file of those of several photos."""
    labels, images = dict[str, Color](), list[ET.Element]()
    for document in documents:
        root = ET.fromstring(document)
        for label in root.iterfind("meta/task/labels/label"):
            color = (label.findtext("color") or "#000000").lstrip("#")
            red, green, blue = bytes.fromhex(color)
            labels[label.findtext("name") or ""] = (red, green, blue)
        for image in root.iterfind("image"):
            image.set("id", str(len(images)))
            images.append(image)
    return _document(list(labels.items()), images)


def _document(labels: Sequence[tuple[str, Color]], images: Sequence[ET.Element]) -> bytes:
    root = ET.Element("annotations")
    ET.SubElement(root, "version").text = "1.1"
    task = ET.SubElement(ET.SubElement(root, "meta"), "task")
    ET.SubElement(task, "size").text = str(len(images))
    listed = ET.SubElement(task, "labels")
    for name, (red, green, blue) in labels:
        label = ET.SubElement(listed, "label")
        ET.SubElement(label, "name").text = name
        ET.SubElement(label, "color").text = f"#{red:02x}{green:02x}{blue:02x}"
        ET.SubElement(label, "type").text = "any"
        ET.SubElement(label, "attributes")
    root.extend(images)
    ET.indent(root)
    return bytes(ET.tostring(root, "utf-8", xml_declaration=True))


def _runs(pixels: npt.NDArray[np.bool_]) -> dict[str, str]:
    """The attributes of a mask: its box, and within it the lengths of runs along the rows, the first outside."""
    rows, columns = np.flatnonzero(pixels.any(1)), np.flatnonzero(pixels.any(0))
    top, left = int(rows[0]), int(columns[0])
    inside = pixels[top : rows[-1] + 1, left : columns[-1] + 1]
    walk = np.concatenate(([False], inside.ravel()))
    ends = np.flatnonzero(np.diff(walk, append=~walk[-1])) + 1
    lengths = np.diff(ends, prepend=1)
    height, width = inside.shape
    return {
        "rle": ", ".join(map(str, lengths.tolist())),
        "left": str(left), "top": str(top), "width": str(width), "height": str(height),
    }  # fmt: skip


def _printable(name: str) -> str:
    """A name without what XML cannot hold."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in name)
