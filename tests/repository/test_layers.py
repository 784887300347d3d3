"""What may import what, read from the import statements of the whole project: layers, no circles, short commands."""

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TRAINING_LAYERS = (
    ("training.errors",),
    ("training.labels", "training.recipes"),
    ("training.data",),
    ("training.augmentation", "training.losses", "training.optimizers"),
    ("training.networks",),
    ("training.checkpoints",),
    ("training.evaluation",),
    ("training.reporting",),
    ("training.loop", "training.self_training", "training.synthetic"),
)
"""Folders of ``training``, lowest first. A folder imports from itself and from lower layers, a command from all."""
SERVICE_LAYERS = (
    ("service.imaging", "service.memory", "service.version", "service.stderr_reader"),
    ("service.settings",),
    ("service.environment", "service.logs", "service.engine.errors"),
    ("service.engine.decoding", "service.engine.model"),
    ("service.engine.scheduling",),
    ("service.engine.detection",),
    ("service.engine.photo",),
    ("service.engine.pipeline",),
    ("service.engine.engine",),
    ("service.engine.served_engine",),
    ("service.api.problems",),
    ("service.api.request",),
    ("service.api.response", "service.api.connection", "service.api.openapi"),
    ("service.api.observability",),
    ("service.api.middleware", "service.api.routes"),
    ("service.app",),
    ("service.server",),
    ("service.predictor",),
    ("service.scale",),
    ("service.cli",),
)
"""Folders and modules of ``service``, lowest first, by the same rule."""

LAYER_OF = {
    folder: rank
    for layers in (TRAINING_LAYERS, SERVICE_LAYERS)
    for rank, layer in enumerate(layers)
    for folder in layer
}
FORBIDDEN = {
    "training": {"export", "service"},
    "service": {"torch", "training", "export", "tests", "docs"},
    "jppnet": {"service", "training", "export"},
}
FREE = "service.imaging"
"""What ``training`` may import of ``service``: functions over bytes and arrays, without settings or a model."""
COMMAND_LINES = 120
"""Lines that a command may have at most."""


def modules_of(package: str, root: Path = ROOT) -> dict[str, str]:
    """The source of every module of a package, by name: ``training/loop/trainer.py`` is ``training.loop.trainer``."""
    paths = sorted((root / package).rglob("*.py"))
    names = (".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__") for path in paths)
    return dict(zip(names, (path.read_text() for path in paths), strict=True))


def imports_of(source: str) -> set[str]:
    """Names of all modules that a source imports, anywhere in it; of ``from a import b`` both ``a`` and ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            assert node.module
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


SOURCES = (
    modules_of("training")
    | modules_of("export")
    | modules_of("service")
    | modules_of("jppnet", ROOT / "clients/python")
)
IMPORTS = {name: imports_of(source) for name, source in SOURCES.items()}
TESTS = {name: imports_of(source) for name, source in modules_of("tests").items()}


def folder_of(name: str) -> str | None:
    """The folder or module with a layer that a module belongs to; None of those without one."""
    parts = name.split(".")
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 1, -1))
    return next((prefix for prefix in prefixes if prefix in LAYER_OF), None)


def is_command(name: str) -> bool:
    """Whether a module is one of training's top level, or can be run as training's and export's commands are."""
    parts = name.split(".")
    top_level = parts[0] == "training" and len(parts) == 2 and not (ROOT / Path(*parts)).is_dir()
    return top_level or (parts[0] in ("training", "export") and '__name__ == "__main__"' in SOURCES[name])


COMMANDS = sorted(filter(is_command, SOURCES))


def test_an_import_is_found_wherever_it_stands() -> None:
    assert imports_of("import a.b\ndef f():\n    from c import d\n") == {"a.b", "c", "c.d"}


def test_every_folder_has_a_layer() -> None:
    folders = {f"training.{path.parent.name}" for path in (ROOT / "training").glob("*/__init__.py")}
    assert folders == {folder for layer in TRAINING_LAYERS for folder in layer}
    packages = {"service", "service.api", "service.engine"}
    assert {name for name in SOURCES if name.startswith("service") and folder_of(name) is None} == packages
    assert not IMPORTS["service.api"] | IMPORTS["service.engine"], "a package that others go through imports nothing"


@pytest.mark.parametrize("name", sorted(filter(folder_of, SOURCES)))
def test_no_import_goes_upwards_or_sideways(name: str) -> None:
    own = folder_of(name)
    assert own
    imported = {folder for module in IMPORTS[name] if (folder := folder_of(module))} - {own}
    assert {folder for folder in imported if LAYER_OF[folder] >= LAYER_OF[own]} == set()


def test_no_package_imports_what_is_not_there_where_it_is_used() -> None:
    for name, source in SOURCES.items():
        package = name.split(".")[0]
        imported = imports_of(re.sub("^if TYPE_CHECKING:\n( +.*\n)+", "", source, flags=re.MULTILINE))
        if package == "training":
            imported = {module for module in imported if not f"{module}.".startswith(f"{FREE}.")}
        assert {module.split(".")[0] for module in imported} & FORBIDDEN.get(package, set()) == set(), name


def test_the_engine_knows_nothing_of_http() -> None:
    for name, imported in IMPORTS.items():
        if name.startswith(("service.engine", "service.imaging")):
            assert {module.split(".")[0] for module in imported} & {"fastapi", "starlette", "uvicorn"} == set(), name


@pytest.mark.parametrize("name", sorted(name for name in SOURCES if name.startswith("training.networks.")))
def test_network_families_know_neither_each_other_nor_the_registry(name: str) -> None:
    families = {path.parent.name for path in (ROOT / "training" / "networks").glob("*/__init__.py")}
    own = name.split(".")[2]
    allowed = families if own in {"registry", "presets"} else families & {own}
    imported = {parts[2] for module in IMPORTS[name] if len(parts := module.split(".")) > 2 and parts[1] == "networks"}
    assert imported & families <= allowed
    assert own == "presets" or "registry" not in imported


@pytest.mark.parametrize("modules", [IMPORTS, TESTS], ids=["project", "tests"])
def test_no_modules_import_each_other_in_a_circle(modules: dict[str, set[str]]) -> None:
    graph = {name: imported & set(modules) - {name} for name, imported in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_short_and_can_be_run(name: str) -> None:
    text = SOURCES[name]
    assert len(text.splitlines()) <= COMMAND_LINES
    assert text.endswith('\n\nif __name__ == "__main__":\n    main()\n')
    assert name.startswith("export.") or len(name.split(".")) == 2


def test_no_command_is_imported() -> None:
    for name, imported in (IMPORTS | TESTS).items():
        assert imported & set(COMMANDS) == set(), name


def test_no_test_imports_another() -> None:
    for name, imported in TESTS.items():
        modules = {module.rpartition(".")[2] for module in imported}
        assert not any(module.startswith(("test_", "conftest")) for module in modules), name
