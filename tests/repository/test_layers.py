"""What may import what in ``service``, ``clients`` and ``tests``, read from the import statements."""

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

LAYERS = (
    ("service.imaging", "service.version", "service.stderr_reader"),
    ("service.settings",),
    ("service.environment", "service.logs", "service.engine.errors"),
    ("service.engine.decoding", "service.engine.model"),
    ("service.engine.scheduling",),
    ("service.engine.photo",),
    ("service.engine.pipeline",),
    ("service.engine.engine",),
    ("service.api.problems",),
    ("service.api.request",),
    ("service.api.response", "service.api.connection", "service.api.openapi"),
    ("service.api.observability",),
    ("service.api.middleware", "service.api.routes"),
    ("service.app",),
    ("service.server",),
    ("service.scale",),
    ("service.cli",),
)
"""Folders and modules of ``service``, lowest first. A module imports from its own folder and from lower layers."""

LAYER_OF = {folder: number for number, layer in enumerate(LAYERS) for folder in layer}
FORBIDDEN = {"service": {"torch", "training", "export", "tests", "docs"}, "jppnet": {"service", "training", "export"}}


def modules_of(package: str, root: Path = ROOT) -> dict[str, str]:
    """The source of every module of a package, by name; packages without content are left out."""
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


SERVICE = {name: imports_of(source) for name, source in modules_of("service").items()}
CLIENT = {name: imports_of(source) for name, source in modules_of("jppnet", ROOT / "clients" / "python").items()}
TESTS = {name: imports_of(source) for name, source in modules_of("tests").items()}


def folder_of(name: str) -> str | None:
    """The entry of :data:`LAYERS` that a module belongs to; None of what is no module of the service's."""
    parts = name.split(".")
    prefixes = (".".join(parts[:count]) for count in range(len(parts), 1, -1))
    return next((prefix for prefix in prefixes if prefix in LAYER_OF), None)


def test_an_import_is_found_wherever_it_stands() -> None:
    assert imports_of("import a.b\ndef f():\n    from c import d\n") == {"a.b", "c", "c.d"}


def test_every_module_has_a_layer() -> None:
    packages = {"service", "service.api", "service.engine"}
    assert {name for name in SERVICE if folder_of(name) is None} == packages
    assert all(not SERVICE[name] for name in packages - {"service"}), "a package that others go through imports nothing"


@pytest.mark.parametrize("name", sorted(filter(folder_of, SERVICE)))
def test_no_import_goes_upwards_or_sideways(name: str) -> None:
    own = folder_of(name)
    assert own
    imported = {folder for module in SERVICE[name] if (folder := folder_of(module))} - {own}
    assert {folder for folder in imported if LAYER_OF[folder] >= LAYER_OF[own]} == set()


@pytest.mark.parametrize("modules", [SERVICE, CLIENT, TESTS], ids=["service", "client", "tests"])
def test_no_modules_import_each_other_in_a_circle(modules: dict[str, set[str]]) -> None:
    graph = {name: imported & set(modules) - {name} for name, imported in modules.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@pytest.mark.parametrize(("package", "modules"), [("service", SERVICE), ("jppnet", CLIENT)])
def test_no_package_imports_what_is_not_there_where_it_is_installed(package: str, modules: dict[str, set[str]]) -> None:
    for name, imported in modules.items():
        assert {module.split(".")[0] for module in imported} & FORBIDDEN[package] == set(), name


def test_the_engine_knows_nothing_of_http() -> None:
    for name in SERVICE:
        if name.startswith(("service.engine", "service.imaging")):
            assert {module.split(".")[0] for module in SERVICE[name]} & {"fastapi", "starlette", "uvicorn"} == set()


def test_no_test_imports_another() -> None:
    for name, imported in TESTS.items():
        modules = {module.rpartition(".")[2] for module in imported}
        assert not any(module.startswith(("test_", "conftest")) for module in modules), name
