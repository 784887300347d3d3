"""Files of PyTorch's from elsewhere are read without running code in them; what cannot be read is said in a line."""

import pickle

import pytest
import torch

from tests.helpers.commands import run_command
from training.networks.torch_file import TorchFileError, read_state_dict


class Runs:
    """An object whose reading runs code."""

    ran = False

    def __reduce__(self):
        return (setattr, (Runs, "ran", True))


@pytest.mark.parametrize("is_zip", [True, False])
def test_code_in_a_file_does_not_run_and_nobody_is_told_to_run_it(tmp_path, is_zip):
    torch.save({"state_dict": {"a": Runs()}}, tmp_path / "f.pth", _use_new_zipfile_serialization=is_zip)
    with pytest.raises(TorchFileError, match=r"f\.pth holds no plain weights .*code in files is not run") as error:
        read_state_dict(tmp_path / "f.pth")
    assert not Runs.ran
    assert "weights_only" not in str(error.value)


def test_a_whole_module_is_none_of_names_and_tensors(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "f.pth")
    with pytest.raises(TorchFileError, match=r"needs torch\.nn\.modules\.linear\.Linear.*Save its state_dict\(\)"):
        read_state_dict(tmp_path / "f.pth")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "it is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "begins with b'version https://git-lfs"),
        (b"<!DOCTYPE html>", r"begins with b'<!DOCTYPE html>'.*downloaded"),
        (pickle.dumps({"a": 1}, protocol=2), "not from torch.save"),
        (b"PK\x03\x04" + bytes(100), "damaged or cut short"),
    ],
)
def test_what_is_no_file_of_pytorchs_is_refused_in_a_line(tmp_path, content, complaint):
    (tmp_path / "f.pth").write_bytes(content)
    with pytest.raises(TorchFileError, match=complaint) as error:
        read_state_dict(tmp_path / "f.pth")
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("stored", [[torch.zeros(1)], {1: torch.zeros(1)}, {"a": 1}, {"state_dict": 3}, 7])
def test_what_is_no_table_of_names_and_tensors_is_refused(tmp_path, stored):
    torch.save(stored, tmp_path / "f.pth")
    with pytest.raises(TorchFileError, match="holds no state dict: names and tensors"):
        read_state_dict(tmp_path / "f.pth")


def test_a_weight_with_and_without_the_prefix_is_refused(tmp_path):
    torch.save({"a": torch.zeros(1), "module.a": torch.ones(1)}, tmp_path / "f.pth")
    with pytest.raises(TorchFileError, match=r"some weights twice, with 'module\.'"):
        read_state_dict(tmp_path / "f.pth", "module.")


COMMANDS = [
    ("export.onnx", "FILE", "OUT"),
    ("training.evaluate", "FILE", "--data", "DATA"),
    ("training.predict", "FILE", "PHOTO", "--out", "OUT"),
    ("training.save_safetensors", "FILE", "OUT"),
    ("training.calibrate", "FILE", "--data", "DATA"),
    ("training.weight_average", "FILE", "FILE", "--share", "0.5", "--out", "OUT"),
    ("training.ensemble", "FILE", "FILE", "--out", "OUT"),
    ("training.split_ensemble", "FILE", "--out", "OUT"),
    ("training.train", "lite", "--from", "FILE", "--data", "DATA", "--out", "OUT"),
    ("export.detector", "FILE", "OUT", "--people", "DATA", "--nobody", "DATA"),
    ("training.import_schp", "FILE", "OUT", "--labels", "lip"),
]


@pytest.mark.parametrize(("command", "arguments"), [(command, rest) for command, *rest in COMMANDS])
def test_no_command_answers_a_foreign_file_with_a_traceback(command, arguments, folder, tmp_path, capsys):
    torch.save({1: torch.zeros(1)}, tmp_path / "foreign.pth")
    paths = {"FILE": tmp_path / "foreign.pth", "OUT": tmp_path / "out", "DATA": folder.root}
    paths["PHOTO"] = folder.root / "images" / "0.jpg"
    with pytest.raises(SystemExit) as error:
        run_command(command, *(paths.get(argument, argument) for argument in arguments))
    assert "foreign.pth" in f"{error.value}{capsys.readouterr().err}"


@pytest.mark.parametrize("name", ["missing.pt", "released.safetensors"])
def test_a_checkpoint_that_is_none_is_told_what_to_do(tmp_path, name):
    from safetensors.torch import save_file

    save_file({"a": torch.zeros(1)}, tmp_path / "released.safetensors")
    said = r"there is no such checkpoint|lacks recipe, data, metrics\. Weights of other projects are"
    with pytest.raises(SystemExit, match=said):
        run_command("export.onnx", tmp_path / name, tmp_path / "out.onnx")
