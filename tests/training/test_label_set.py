"""Label files: what they must say, and that they come back as they were written."""

from pathlib import Path

import pytest

from training.labels.label_set import LABEL_SETS, LabelSetError, read_label_set

SMALL = """
name = "dolls"
label_pairs = [["left-arm", "right-arm"]]
joints = ["left-wrist", "right-wrist"]
joint_pairs = [["left-wrist", "right-wrist"]]
[colors]
background = [0, 0, 0]
left-arm = [255, 0, 0]
right-arm = [0, 255, 0]
"""


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "labels.toml"
    path.write_text(SMALL)
    return path


def test_a_label_s_id_is_its_place_in_the_table(small):
    dolls = read_label_set(small)
    assert [(label.id, label.name, label.color) for label in dolls.labels][1] == (1, "left-arm", (255, 0, 0))
    assert dolls.mirrored_labels == [0, 2, 1]
    assert dolls.joint_flip_pairs == ((0, 1),)


@pytest.mark.parametrize("path", [*sorted(LABEL_SETS.glob("*.toml")), None], ids=lambda path: path and path.stem)
def test_a_set_comes_back_as_it_was_written(path, small, tmp_path):
    original = read_label_set(path or small)
    (tmp_path / "copy.toml").write_text(original.to_toml())
    copy = read_label_set(tmp_path / "copy.toml")
    assert copy == original
    assert copy.labels == original.labels


def test_the_example_in_the_documentation_is_a_label_file(tmp_path):
    document = Path(__file__).parents[2] / "docs" / "label-sets.md"
    (tmp_path / "labels.toml").write_text(document.read_text().split("```toml\n")[1].split("```")[0])
    assert [label.name for label in read_label_set(tmp_path / "labels.toml").labels][2] == "right-arm"


def test_atr_has_18_labels_and_three_mirror_pairs():
    atr = read_label_set(LABEL_SETS / "atr.toml")
    assert len(atr.labels) == 18
    assert atr.label_flip_pairs == ((9, 10), (12, 13), (14, 15))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('"right-arm"]]', '"right-leg"]]', "label_pairs names what is not there: right-leg"),
        ('["left-arm", "right-arm"]', '["left-arm", "left-arm"]', "label_pairs names something twice: left-arm"),
        ("joints = [", 'joints = ["left-wrist", ', "a joint is named twice"),
        ("[0, 255, 0]", "[0, 256, 0]", "colors.right-arm.1"),
        ('name = "dolls"', 'nme = "dolls"', "nme"),
        ("[colors]", '[merged]\nall = ["background", "left-arm"]\n[colors]', "merged leaves out labels: right-arm"),
        ("[colors]", '[synonyms]\nlimbs = ["left-leg"]\n[colors]', "synonym limbs names what is not there: left-leg"),
        ("[colors]", '[synonyms]\nleft-arm = ["right-arm"]\n[colors]', "synonyms are labels of their own: left-arm"),
        ("[colors]", "[synonyms]\nlimbs = []\n[colors]", "synonyms stand for no label: limbs"),
        ("[colors]", "[colors", "labels.toml"),
    ],
)
def test_what_cannot_be_right_is_refused_by_name(small, old, new, complaint):
    small.write_text(SMALL.replace(old, new, 1))
    with pytest.raises(LabelSetError, match=complaint):
        read_label_set(small)
