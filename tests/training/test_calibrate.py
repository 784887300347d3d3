"""Scores that say what is so: the error of those that do not, the numbers that mend it, and where they are kept."""

import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.helpers.commands import run_command
from training.checkpoints.calibration import UNCALIBRATED, Calibration, calibrated_joint_score, calibrated_scores
from training.checkpoints.checkpoint import load_checkpoint
from training.evaluation.calibration_fitting import fit_joint_map, fit_temperature, scores_at
from training.evaluation.inference import predict, run_network
from training.evaluation.reliability import Reliability
from training.evaluation.reliability_report import ReliabilityReport


class TestReliability:
    def test_the_error_by_hand(self):
        # Two bins. Below ½: mean score 0.3, one of two is right. Above: mean score 0.8, one of three is right.
        scores = np.array([0.2, 0.4, 0.7, 0.8, 0.9])
        measured = Reliability.of(scores, np.array([False, True, True, False, False]), bins=2)
        assert measured.count == (2, 3)
        assert measured.score == pytest.approx((0.3, 0.8))
        assert measured.right == pytest.approx((1 / 2, 1 / 3))
        assert measured.error == pytest.approx((2 * 0.2 + 3 * (0.8 - 1 / 3)) / 5)

    def test_a_score_of_one_is_in_the_last_bin(self):
        assert Reliability.of(np.array([1.0, 0.0]), np.array([True, False]), bins=4).count == (1, 0, 0, 1)

    def test_no_answer_has_no_error(self):
        assert np.isnan(Reliability.of(np.empty(0), np.empty(0, bool)).error)


class TestCalibration:
    """What the three numbers do to scores."""

    def test_none_changes_nothing(self):
        values = torch.linspace(0, 1, 101)
        torch.testing.assert_close(calibrated_scores(values, UNCALIBRATED), values, rtol=0, atol=0)
        torch.testing.assert_close(calibrated_joint_score(values, UNCALIBRATED), values)

    def test_a_joint_score_by_hand(self):
        # ln(0.8 / 0.2) = 1.386; half of it and ln 3 more: ln(2 · 3), which is a chance of 6 in 7.
        score = calibrated_joint_score(torch.tensor([0.8]), Calibration(joint_slope=0.5, joint_offset=float(np.log(3))))
        assert score.item() == pytest.approx(6 / 7)

    @given(st.floats(0.1, 5), st.floats(-4, 4))
    def test_joint_scores_keep_their_order_and_their_ends(self, slope, offset):
        scores = calibrated_joint_score(
            torch.linspace(0, 1, 101, dtype=torch.float64), Calibration(joint_slope=slope, joint_offset=offset)
        )
        assert (scores.diff() >= 0).all()
        assert (scores[0], scores[-1]) == (0, 1)


class TestFit:
    """The numbers are found that outcomes were drawn with."""

    def test_the_temperature_of_scores_that_were_multiplied(self):
        generator = torch.Generator().manual_seed(0)
        honest = 2 * torch.randn(20_000, 5, generator=generator)
        labels = torch.multinomial(honest.softmax(1), 1, generator=generator)[:, 0]
        assert fit_temperature(honest, labels) == pytest.approx(1, abs=0.05)
        assert fit_temperature(3 * honest, labels) == pytest.approx(3, rel=0.05)

    def test_the_map_of_joint_scores(self):
        rng = np.random.default_rng(0)
        peaks = rng.uniform(0.02, 0.98, 20_000)
        chance = calibrated_joint_score(torch.from_numpy(peaks), Calibration(joint_slope=1.7, joint_offset=-0.6))
        slope, offset = fit_joint_map(peaks, rng.uniform(size=20_000) < chance.numpy())
        assert (slope, offset) == (pytest.approx(1.7, abs=0.1), pytest.approx(-0.6, abs=0.1))

    def test_joints_that_were_never_missed_have_a_map(self):
        slope, offset = fit_joint_map(np.linspace(0.5, 0.9, 50), np.ones(50, bool))
        assert slope > 0
        assert np.isfinite(offset)

    def test_no_joints_leave_their_scores(self):
        assert fit_joint_map(np.empty(0), np.empty(0, bool)) == (1, 0)


def test_scores_are_read_where_the_label_map_has_them(finished, folder):
    checkpoint = load_checkpoint(finished / "best.pt")
    image, recipe = folder.read("4").image, checkpoint.recipe.network
    answer = run_network(checkpoint.network, image, recipe)
    rows, columns = np.mgrid[: image.shape[0], : image.shape[1]]
    points = np.stack([columns.ravel(), rows.ravel()], 1).astype(np.float32)
    labels = scores_at(answer.scores, points, answer.to_grid).argmax(1).reshape(rows.shape).numpy()
    assert (labels == predict(checkpoint.network, image, recipe).labels).mean() > 0.99


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_the_numbers_are_written_into_the_checkpoint(suffix, finished, folder, tmp_path, capsys):
    files = {
        "--out": tmp_path / "calibration.json",
        "--plot": tmp_path / "plot.png",
        "--write": tmp_path / f"c{suffix}",
    }
    options = [part for pair in files.items() for part in pair]
    run_command("training.calibrate", finished / "best.pt", "--data", folder.root, *options)
    assert "fitted on 2 photos" in capsys.readouterr().out
    record = json.loads(files["--out"].read_text())
    before, after = load_checkpoint(finished / "best.pt"), load_checkpoint(files["--write"])
    assert before.calibration == UNCALIBRATED
    assert after.calibration == Calibration.model_validate(record["calibration"]) != UNCALIBRATED
    assert after.metrics["pixel_accuracy"] == before.metrics["pixel_accuracy"]
    measured = ReliabilityReport.read(record["after"])
    assert sum(measured.pixels.count) == 2 * 96 * 72
    assert sum(measured.joints.count) == 2 * 4
    assert files["--plot"].read_bytes().startswith(b"\x89PNG")


def test_a_split_without_two_halves_is_refused(finished, folder, tmp_path, capsys):
    (folder.root / "one.txt").write_text("4\n")
    with pytest.raises(SystemExit):
        run_command("training.calibrate", finished / "best.pt", "--data", folder.root, "--split", "one")
    assert "one half is for fitting" in capsys.readouterr().err
