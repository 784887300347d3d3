"""Masks go to LabelMe and CVAT and come back, corrected: the command line's files through training.prepare."""

import base64
import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path, PurePath

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from service.cli.formats import cvat as cvat_format
from service.cli.formats.labelme import MIN_PIXELS, labelme_json
from service.cli.formats.parsed_photo import ParsedPhoto
from training.data.adapters.cvat import cvat
from training.data.adapters.labelme import labelme
from training.data.preparation import prepare
from training.data.prepared_folder import PreparedFolder
from training.data.sample import BrokenSampleError
from training.errors.input_error import InputError
from training.labels.label_set import IGNORE
from training.labels.lip import LABEL_ID, LIP

HAIR, FACE, COAT = (LABEL_ID[name] for name in ("hair", "face", "coat"))
NAMES = {label.id: label.name for label in LIP.labels}
COLORS = [(label.name, label.color) for label in LIP.labels]
SIZE = (60, 48)


def person() -> np.ndarray:
    """A face within hair, with a hole of background, over a coat; and a second coat."""
    labels = np.zeros(SIZE, np.uint8)
    cv2.rectangle(labels, (8, 24), (30, 58), COAT, -1)
    cv2.circle(labels, (19, 16), 12, HAIR, -1)
    cv2.circle(labels, (19, 18), 7, FACE, -1)
    cv2.circle(labels, (19, 40), 4, 0, -1)
    cv2.rectangle(labels, (38, 30), (46, 55), COAT, -1)
    return labels


def people_of(labels: np.ndarray) -> np.ndarray:
    people = np.where(labels > 0, 1, 0).astype(np.uint8)
    people[:, 3 * labels.shape[1] // 4 :] *= 2
    return people


def write_photo(file: Path, size: tuple[int, int] = SIZE) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(file), np.full((*size, 3), 90, np.uint8))
    return file


def write(folder: Path, kind: str, labels: np.ndarray) -> Path:
    photo = ParsedPhoto(NAMES, labels, people_of(labels))
    write_photo(folder / "images" / "ann 1.png")
    if kind == "labelme":
        content = labelme_json(photo, PurePath("images/ann 1.png"), tolerance=0)
        (folder / "ann 1.json").write_bytes(content)
    else:
        one = cvat_format.cvat_xml(photo, "ann 1.png", COLORS)
        (folder / "annotations.xml").write_bytes(cvat_format.join([one]))
    return folder


ADAPTERS = {"labelme": labelme, "cvat": cvat}


@pytest.mark.parametrize("kind", ADAPTERS)
def test_a_mask_comes_back_as_it_went(tmp_path: Path, kind: str) -> None:
    adapter = ADAPTERS[kind](write(tmp_path / "in", kind, person()))
    assert prepare(adapter, tmp_path / "out") == []
    folder = PreparedFolder(tmp_path / "out")
    (name,) = folder.names("train") + folder.names("val")
    sample = folder.read(name)
    np.testing.assert_array_equal(sample.labels, person())
    assert np.isnan(sample.joints).all()
    assert folder.label_set == LIP
    assert folder.info.source == f"corrected in {'LabelMe' if kind == 'labelme' else 'CVAT'}"


@given(arrays(np.uint8, st.tuples(st.integers(1, 14), st.integers(1, 14)), elements=st.integers(0, 3)))
def test_cvats_masks_are_exact_whatever_the_labels(labels: np.ndarray) -> None:
    root = ET.fromstring(cvat_format.cvat_xml(ParsedPhoto(NAMES, labels, None), "a.png", COLORS))
    again = np.zeros_like(labels)
    for mask in root.iter("mask"):
        left, top, width, height = (int(mask.attrib[key]) for key in ("left", "top", "width", "height"))
        runs = [int(run) for run in mask.attrib["rle"].split(",")]
        pixels = np.repeat(np.resize([0, 1], len(runs)), runs).reshape(height, width)
        again[top : top + height, left : left + width][pixels > 0] = LABEL_ID[mask.attrib["label"]]
    np.testing.assert_array_equal(again, labels)


@given(
    arrays(np.uint8, st.tuples(st.integers(2, 7), st.integers(2, 7)), elements=st.integers(0, 3)),
)
def test_labelmes_polygons_are_exact_whatever_encloses_what(cells: np.ndarray) -> None:
    """Cells of 5×5 pixels, so that no piece is too small; pieces touch at corners, and lie within one another."""
    labels = np.kron(cells, np.ones((5, 5), np.uint8)).astype(np.uint8)
    assert MIN_PIXELS < 25
    again = np.zeros_like(labels)
    for shape in json.loads(labelme_json(ParsedPhoto(NAMES, labels, None), PurePath("a.png"), 0))["shapes"]:
        points = np.rint(shape["points"]).astype(np.int32)
        assert len(points) >= 3
        cv2.fillPoly(again, [points], LABEL_ID[shape["label"]])
    np.testing.assert_array_equal(again, labels)


def test_polygons_are_simplified_and_stay_close() -> None:
    labels = cv2.resize(person(), None, fx=8, fy=8, interpolation=cv2.INTER_NEAREST)
    photo = ParsedPhoto(NAMES, labels, people_of(labels))
    simple, exact = (
        json.loads(it)["shapes"] for it in (labelme_json(photo, PurePath("a")), labelme_json(photo, PurePath("a"), 0))
    )
    assert sum(len(shape["points"]) for shape in simple) < sum(len(shape["points"]) for shape in exact) / 4
    assert {(shape["label"], shape["group_id"]) for shape in simple} == {
        ("hair", 1), ("face", 1), ("coat", 1), ("coat", 2), ("background", None),
    }  # fmt: skip
    again = np.zeros_like(labels)
    for shape in simple:
        cv2.fillPoly(again, [np.rint(shape["points"]).astype(np.int32)], LABEL_ID[shape["label"]])
    assert (again != labels).mean() < 0.01


def test_what_a_person_corrects_is_what_is_read(tmp_path: Path) -> None:
    root = write(tmp_path / "in", "labelme", person())
    file = root / "ann 1.json"
    content = json.loads(file.read_bytes())
    content["shapes"] = [shape for shape in content["shapes"] if shape["label"] != "face"]
    stamp = cv2.imencode(".png", np.full((3, 4), 255, np.uint8))[1].tobytes()
    content["shapes"] += [
        {"label": "face", "shape_type": "rectangle", "points": [[2, 3], [5, 6]]},
        {"label": "__ignore__", "points": [[40, 2], [44, 2], [44, 6]]},
        {
            "label": "hair",
            "shape_type": "mask",
            "points": [[10, 50], [13, 52]],
            "mask": base64.b64encode(stamp).decode(),
        },
        {"label": "coat", "shape_type": "circle", "points": [[42, 20], [45, 20]]},
    ]
    file.write_text(json.dumps(content))
    adapter = labelme(root)
    (name,) = (name for names in adapter.splits().values() for name in names)
    labels = adapter.read(name).labels
    assert (labels[3:7, 2:6] == FACE).all()
    assert labels[2, 42] == IGNORE
    assert (labels[50:53, 10:14] == HAIR).all()
    assert labels[20, 45] == COAT
    assert labels[18, 19] == HAIR  # where the face was


def test_cvats_polygons_lie_over_its_masks_by_z_order(tmp_path: Path) -> None:
    root = write(tmp_path / "in", "cvat", person())
    tree = ET.parse(root / "annotations.xml")
    image = next(tree.getroot().iter("image"))
    image.insert(0, ET.Element("polygon", label="hair", points="8,24;30,24;30,58;8,58", z_order="1"))
    image.append(ET.Element("box", label="face", xtl="1", ytl="1", xbr="3", ybr="3", z_order="0"))
    tree.write(root / "annotations.xml")
    adapter = cvat(root)
    (name,) = (name for names in adapter.splits().values() for name in names)
    labels = adapter.read(name).labels
    assert (labels[24:59, 8:31] == HAIR).all()
    assert (labels[1:4, 1:4] == FACE).all()


@pytest.mark.parametrize("kind", ADAPTERS)
def test_what_cannot_be_used_is_named(tmp_path: Path, kind: str) -> None:
    with pytest.raises(FileNotFoundError, match="has no"):
        ADAPTERS[kind](tmp_path)
    root = write(tmp_path / "in", kind, person())
    for file in (*root.glob("*.json"), *root.glob("*.xml")):
        file.write_bytes(file.read_bytes().replace(b'"coat"', b'"cape"'))
    adapter = ADAPTERS[kind](root)
    (name,) = (name for names in adapter.splits().values() for name in names)
    with pytest.raises(BrokenSampleError, match="“cape” is none of LIP's"):
        adapter.read(name)
    write_photo(root / "images" / "ann 1.png", (20, 20))
    with pytest.raises(BrokenSampleError, match="differ in size"):
        adapter.read(name)
    shutil.rmtree(root / "images")
    with pytest.raises(BrokenSampleError, match="missing"):
        adapter.read(name)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "annotations.xml").write_text("<annotations><image")
    with pytest.raises(InputError, match=r"annotations\.xml is no XML file"):
        cvat(tmp_path)
    (tmp_path / "a.json").write_text('{"shapes": [], "imagePath": null}')
    adapter = labelme(tmp_path)
    (name,) = (name for names in adapter.splits().values() for name in names)
    with pytest.raises(BrokenSampleError, match=r"a\.json: cannot be read"):
        adapter.read(name)
    (tmp_path / "dataset.json").write_text('{"name": "ours"}')
    with pytest.raises(InputError, match=r"dataset\.json must hold"):
        labelme(tmp_path)


def test_a_folder_may_have_labels_of_its_own(tmp_path: Path) -> None:
    root = write(tmp_path / "in", "labelme", person())
    (root / "labels.toml").write_text(
        'name = "own"\n[colors]\nnone = [0, 0, 0]\ncoat = [1, 2, 3]\nhair = [1, 2, 4]\n'
        "face = [1, 2, 5]\nbackground = [0, 0, 1]\n"
    )
    (root / "dataset.json").write_text('{"name": "ours", "licence": "ours alone", "source": "us"}')
    adapter = labelme(root)
    (name,) = (name for names in adapter.splits().values() for name in names)
    sample = adapter.read(name)
    assert sample.licence == "ours alone"
    assert sample.joints.shape == (0, 3)
    assert sample.labels[56, 20] == 1
