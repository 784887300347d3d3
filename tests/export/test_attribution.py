"""export.attribution: whose photos a model learnt from."""

from pathlib import Path

from export.attribution import photo_list, photos_of
from training.data.prepared_folder import PreparedFolder


def test_crops_of_a_photo_are_one_photo_and_validation_photos_were_not_learnt_from(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("00ab-1\n00ab-2\n00ff\n")
    (tmp_path / "val.txt").write_text("0123-1\n")
    (tmp_path / "dataset.json").write_text('{"name": "people", "licence": "CC BY", "source": "there"}')
    assert photos_of(PreparedFolder(tmp_path)) == {"00ab", "00ff"}


def test_the_list_names_the_licences_and_each_photo_once() -> None:
    lines = photo_list("These were learnt from.", ["00ff", "00ab", "00ff"]).splitlines()
    assert lines[0].endswith("by id. These were learnt from.")
    assert "CC BY 2.0" in lines[1]
    assert "CC BY 4.0" in lines[2]
    assert [line for line in lines if not line.startswith("#")] == ["00ab", "00ff"]
