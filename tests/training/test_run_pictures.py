"""What shows how a run went: curves of each label and joint, the confusion matrix, the worst samples."""

import cv2
import numpy as np
import pytest

from tests.helpers.commands import run_command
from training.checkpoints.checkpoint import load_checkpoint
from training.labels.lip import LABEL_ID, LIP
from training.loop.run_log import RunLog, curves, drop_later_epochs
from training.reporting import prediction_grid
from training.reporting.plots import confusion_picture
from training.reporting.prediction_grid import GridCell


def test_tensorboard_has_a_curve_for_each_label_and_joint():
    metrics = {"photos": 4, "mean_iou": 0.5, "label_iou": {"hat": 0.25}, "joint_pckh": {"right-knee": 0.75}}
    record = {"epoch": 1, "losses": {"total": 2.0}, "images_per_second": 9.0, "data_wait": 0.1, "metrics": metrics}
    assert curves(record, 1e-3) == {
        "learning_rate": 1e-3,
        "loss/total": 2.0,
        "speed/images_per_second": 9.0,
        "speed/data_wait": 0.1,
        "val/mean_iou": 0.5,
        "val_label_iou/hat": 0.25,
        "val_joint_pckh/right-knee": 0.75,
    }


def test_an_epoch_is_logged_once_though_a_killed_run_wrote_it(tmp_path):
    (tmp_path / "log.jsonl").write_text('{"epoch": 1}\n{"epoch": 2}\n{"epo')
    log = RunLog(tmp_path, epoch=1)
    log.add_epoch({"epoch": 2, "losses": {}}, 1.0)
    log.close()
    assert (tmp_path / "log.jsonl").read_text() == '{"epoch": 1}\n{"epoch": 2, "losses": {}}\n'
    drop_later_epochs(tmp_path / "none.jsonl", 0)
    assert not (tmp_path / "none.jsonl").exists()


def test_a_confusion_matrix_is_dark_where_pixels_are():
    confusion = np.zeros((20, 20), np.int64)
    confusion[LABEL_ID["coat"], LABEL_ID["dress"]] = 90
    confusion[LABEL_ID["coat"], LABEL_ID["coat"]] = 10
    picture = confusion_picture(confusion, LIP)
    empty = confusion_picture(np.zeros((20, 20), np.int64), LIP)
    assert picture.shape == empty.shape
    rows, columns = np.nonzero((picture != empty).any(2))
    darkest = picture[rows, columns].astype(int).sum(1)
    assert darkest.min() < 300  # 90 % is a dark blue
    assert rows.max() - rows.min() < picture.shape[0] / 20  # one row of cells


@pytest.fixture(scope="module")
def checkpoint(finished):
    return load_checkpoint(finished / "best.pt")


def test_the_worst_samples_are_those_with_the_fewest_right_pixels(checkpoint, folder, monkeypatch):
    def of_name(checkpoint, folder, name):
        share = float("nan") if name == "nothing known" else int(name) / 100
        return GridCell(share, float("nan"), ())

    monkeypatch.setattr(prediction_grid, "evaluate_sample", of_name)
    names = [*np.random.default_rng(0).permutation(40).astype(str).tolist(), "nothing known"]
    worst = prediction_grid.worst_samples(checkpoint, folder, names, 0)
    assert [cell.name for cell in worst] == [str(number) for number in range(prediction_grid.SAMPLES - 1, -1, -1)]


def test_commands_write_the_sheet_and_the_matrix(finished, folder, tmp_path, capsys):
    run_command(
        "training.prediction_grid", finished / "best.pt", "--data", folder.root, "--worst", "--out", tmp_path / "a.jpg"
    )
    assert cv2.imread(str(tmp_path / "a.jpg")).shape[1] > 1000
    run_command("training.evaluate", finished / "best.pt", "--data", folder.root, "--confusion", tmp_path / "b.png")
    assert cv2.imread(str(tmp_path / "b.png")).shape[0] > 800
    assert "4 photos" in capsys.readouterr().out
