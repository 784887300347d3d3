import pytest
import torch

from tests.helpers.commands import run_command
from tests.helpers.drawings import write_recipe, write_slim_recipe
from training.loop.cost import giga_macs


def test_a_section_says_what_a_recipe_costs(tmp_path):
    recipe, out = write_slim_recipe(tmp_path / "slim.toml", epochs=1), tmp_path / "section.md"
    run_command("training.benchmark", recipe, "--times", 1, "--batch", 1, "--side", 32, "--out", out)
    text = out.read_text()
    assert "at 32×32, 0.6 M parameters" in text
    costs = {line.split("`")[1]: line.split("| ")[2] for line in text.splitlines() if line.startswith("| protocol")}
    once, averaged = (float(costs[name].split()[0]) for name in ("one-pass", "jppnet"))
    assert 0 < once < averaged
    assert "training step, batch 1" in text


def test_a_parser_without_joints_is_measured_by_its_own_protocols(tmp_path):
    changes = {"width = 384": "width = 384\nslimming = 32"}
    recipe, out = write_recipe(tmp_path / "slim.toml", "lip_ssl", changes), tmp_path / "section.md"
    run_command("training.benchmark", recipe, "--times", 1, "--batch", 2, "--side", 64, "--out", out)
    protocols = [line.split("`")[1] for line in out.read_text().splitlines() if line.startswith("| protocol")]
    assert protocols == ["one-pass", "lip_ssl"]


def test_multiplications_are_counted():
    layer = torch.nn.Conv2d(2, 5, 3, padding=1)
    image = torch.zeros(1, 2, 100, 1000)
    assert giga_macs(lambda: layer(image)) == pytest.approx(2 * 5 * 9 * 1e5 / 1e9)


def test_each_settings_gain_is_measured_beside_the_recipes_own(tmp_path):
    recipe, out = write_slim_recipe(tmp_path / "slim.toml", epochs=1), tmp_path / "gains.md"
    changes = ["network.slimming=32", "schedule.batch=2", "run.workers=0"]
    run_command(
        "training.benchmark", recipe, *changes, "--side", 32, "--times", 1, "--out", out,
        "--gains", "accumulate", "channels_last", "sync_batch_norm",
    )  # fmt: skip
    rows = [line.split(" | ") for line in out.read_text().splitlines() if line.startswith("| `")]
    titles = ("accumulate = 2", "accumulate = 4", "channels_last = false", "sync_batch_norm = true")
    assert [row[0] for row in rows] == ["| `run.`", *(f"| `{title}`" for title in titles)]
    own, other, ratio = (float(value) for value in rows[1][1:4])
    assert ratio == pytest.approx(other / own, abs=0.02)
    assert "cannot be shared evenly" in out.read_text()  # a batch of two in four passes
    assert "is for GPUs" in out.read_text()
