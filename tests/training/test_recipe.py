import pytest
from pydantic import ValidationError

from training.networks.presets import PRESETS, load_recipe


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_preset_is_valid(path):
    assert load_recipe(path.stem).schedule.epochs > 0


def test_unknown_keys_are_refused(tmp_path):
    text = (PRESETS / "lite.toml").read_text().replace("batch =", "epoch = 3\nbatch =")
    (tmp_path / "typo.toml").write_text(text)
    with pytest.raises(ValidationError, match="epoch\n"):
        load_recipe(str(tmp_path / "typo.toml"))


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(FileNotFoundError, match="lite"):
        load_recipe("light")
