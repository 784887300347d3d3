"""What may import what in ``training`` and ``export``, read from the import statements."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS = (
    ("labels", "recipes"),
    ("data",),
    ("augmentation", "losses", "optimizers"),
    ("networks",),
    ("checkpoints",),
    ("evaluation",),
    ("reporting",),
    ("loop", "self_training", "synthetic"),
)
"""Folders of ``training``, lowest first. A folder imports from itself and from lower layers, a command from all."""

LAYER_OF = {folder: number for number, layer in enumerate(LAYERS) for folder in layer}
COMMAND_LINES = 120
"""Lines that a command may have at most."""


def module_name(path):
    """``training/loop/trainer.py`` → ``training.loop.trainer``; a package's ``__init__.py`` → the package."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for package in ("training", "export") for path in (ROOT / package).rglob("*.py")}


def imports_of(source):
    """Names of all modules that a source imports, anywhere in it; of ``from a import b`` both ``a`` and ``a.b``."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


IMPORTS = {name: imports_of(path.read_text()) for name, path in MODULES.items()}


def is_command(name):
    """Whether a module is one of training's top level, or can be run."""
    parts = name.split(".")
    top_level = parts[0] == "training" and len(parts) == 2 and MODULES[name].name != "__init__.py"
    return top_level or '__name__ == "__main__"' in MODULES[name].read_text()


COMMANDS = sorted(filter(is_command, MODULES))


def folder_of(name):
    """The folder of ``training`` that a module lies in; None for what lies elsewhere."""
    parts = name.split(".")
    return parts[1] if parts[0] == "training" and len(parts) > 1 and parts[1] in LAYER_OF else None


def test_an_import_is_found_wherever_it_stands():
    source = "import a.b\ndef f():\n    from c import d\n"
    assert imports_of(source) == {"a.b", "c", "c.d"}


def test_every_folder_has_a_layer():
    assert {path.parent.name for path in (ROOT / "training").glob("*/__init__.py")} == set(LAYER_OF)


@pytest.mark.parametrize("name", sorted(filter(folder_of, MODULES)))
def test_no_import_goes_upwards_or_sideways(name):
    own = folder_of(name)
    imported = {folder for module in IMPORTS[name] if (folder := folder_of(module))} - {own}
    assert {folder for folder in imported if LAYER_OF[folder] >= LAYER_OF[own]} == set()
    assert {module for module in IMPORTS[name] if module.split(".")[0] in {"export", "service"}} == set()


@pytest.mark.parametrize("name", sorted(name for name in MODULES if name.startswith("training.networks.")))
def test_network_families_know_neither_each_other_nor_the_registry(name):
    families = {path.parent.name for path in (ROOT / "training" / "networks").glob("*/__init__.py")}
    place = name.split(".")[2]
    allowed = families if place in {"registry", "presets"} else families & {place}
    imported = {parts[2] for module in IMPORTS[name] if len(parts := module.split(".")) > 2 and parts[1] == "networks"}
    assert imported & families <= allowed
    assert place == "presets" or "registry" not in imported


def test_no_modules_import_each_other_in_a_circle():
    graph = {name: IMPORTS[name] & set(MODULES) - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_short_and_can_be_run(name):
    text = MODULES[name].read_text()
    assert len(text.splitlines()) <= COMMAND_LINES
    assert text.endswith('\n\nif __name__ == "__main__":\n    main()\n')
    assert name.startswith("export.") or len(name.split(".")) == 2


def test_no_command_is_imported():
    tests = {str(path.relative_to(ROOT)): imports_of(path.read_text()) for path in (ROOT / "tests").rglob("*.py")}
    for name, imported in (IMPORTS | tests).items():
        assert imported & set(COMMANDS) == set(), name


def test_no_test_imports_another():
    for folder in ("training", "export", "helpers"):
        for path in (ROOT / "tests" / folder).rglob("*.py"):
            modules = {module.rpartition(".")[2] for module in imports_of(path.read_text())}
            assert not any(name.startswith(("test_", "conftest")) for name in modules), path
