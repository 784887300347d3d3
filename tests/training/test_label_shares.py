"""How much of a prepared folder is labelled."""

import json

from training.data.prepared_folder import PreparedFolder
from training.data.sample import DatasetInfo
from training.labels.lip import LIP
from training.reporting.label_shares import count_labels, shares_table

HAIR, HEAD = LIP.label_id["hair"], LIP.coarse_id["head"]


def test_shares_are_of_all_pixels_of_the_split(tmp_path):
    folder = PreparedFolder(tmp_path)
    (tmp_path / "joints").mkdir()
    for name, pixels in (("a", {0: 60, HAIR: 30, 255: 10}), ("b", {0: 50, HEAD: 50}), ("elsewhere", {255: 1000})):
        (tmp_path / "joints" / f"{name}.json").write_text(json.dumps({"joints": [], "pixels": pixels}))
    folder.write_index(DatasetInfo("two", "CC0", "made here"), {"train": ["a", "b"], "val": ["elsewhere"]}, LIP)
    counts = count_labels(folder, "train")
    assert counts.photos == 2
    rows = shares_table(counts, LIP).splitlines()
    assert "| **background** | 55.0 | |" in rows
    assert "| **any label** | 15.0 | |" in rows
    assert "| **any coarse label** | 25.0 | |" in rows
    assert "| **unknown** | 5.0 | |" in rows
    assert "| hair | 15.00 | 1 |" in rows
    assert "| head | 25.00 | 1 |" in rows
    assert "| coat | 0.00 | 0 |" in rows
