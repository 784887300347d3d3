"""Recipes: presets, refused keys and networks, and the old names of keys."""

import tomllib

import pytest

from training.networks.presets import PRESETS, load_recipe
from training.networks.registry import FAMILIES, UnknownNetworkError, parse_recipe
from training.recipes.recipe_error import RecipeError
from training.recipes.renamed_keys import RENAMED_KEYS


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_preset_is_valid(path):
    assert load_recipe(path.stem).schedule.epochs > 0


def test_unknown_keys_are_refused(tmp_path):
    text = (PRESETS / "lite.toml").read_text().replace("batch =", "epoch = 3\nbatch =")
    (tmp_path / "typo.toml").write_text(text)
    with pytest.raises(RecipeError, match=r"typo\.toml: schedule\.epoch is no key .* did you mean schedule\.epochs\?"):
        load_recipe(str(tmp_path / "typo.toml"))


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(FileNotFoundError, match="lite"):
        load_recipe("light")


def test_an_unknown_network_names_the_known_ones():
    with pytest.raises(
        UnknownNetworkError,
        match=r"'light'; it must be one of: jppnet, lip_ssl, lite, lite-ensemble, schp",
    ):
        parse_recipe({"network": {"name": "light"}})


@pytest.mark.parametrize("content", [{}, {"network": 3}, {"network": {}}, {"network": {"name": ["lite"]}}])
def test_a_recipe_without_a_network_is_refused(content):
    with pytest.raises(UnknownNetworkError):
        parse_recipe(content)


def test_no_network_belongs_to_two_families():
    names = [name for family in FAMILIES for name in family.networks]
    assert len(names) == len(set(names))


def old_names(content):
    """A recipe's tables with the names that keys had before."""
    renamed = {table: dict(values) if isinstance(values, dict) else values for table, values in content.items()}
    for table, keys in RENAMED_KEYS.items():
        for old, new in keys.items():
            if new in renamed[table]:
                renamed[table][old] = renamed[table].pop(new)
    return renamed


@pytest.mark.parametrize("preset", ["lite-self-trained-again", "base"])
def test_a_recipe_with_the_old_names_is_the_same(preset):
    content = tomllib.loads((PRESETS / f"{preset}.toml").read_text())
    old = old_names(content)
    assert {"empty", "company", "distance"} <= set(old["augmentation"])
    assert parse_recipe(old) == parse_recipe(content)


def test_a_key_under_both_names_is_refused():
    content = tomllib.loads((PRESETS / "lite.toml").read_text())
    content["augmentation"]["company"] = 0.1
    with pytest.raises(ValueError, match="augmentation has copy_paste and, under its old name, company"):
        parse_recipe(content)
