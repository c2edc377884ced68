"""What import-linter cannot say of the imports (its contracts are in pyproject.toml)."""

import ast
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import grimp
import pytest

import asyncgen

ROOT = Path(asyncgen.__file__).parent
ONLY_USERS = {
    "openai": {"client.sdk"},
    "httpx2": {"client.http_client", "client.sdk", "client.tls", "client.transport_errors"},
    "aiolimiter": {"limits.limiter"},
    "aiofiles": {"storage.disk"},
    "tqdm": {"cli.bar"},
    "uvloop": {"engine.event_loop"},
    "aiohttp": {
        "client.batch_http",
        "client.checked_connector",
        "client.direct_posts",
        "client.http_client",
        "client.resolver",
        "client.transport_errors",
        "simulator",
    },
    "pyarrow": {"export", "storage.input_formats.parquet"},
    "backports": {"storage.input_formats.packed"},
    "csv": {"medec.csv_files", "storage.input_formats.delimited"},
    "xllamacpp": {"local.server_process"},
    "rapidfuzz": {"quality.checks"},
    "ray": {"cluster.ray_fleet"},
}
NOT_FOR_HELP = [
    "openai",
    "httpx2",
    "aiohttp",
    "tqdm",
    "uvloop",
    "pyarrow",
    "backports",
    "xllamacpp",
    "rapidfuzz",
    "ray",
    "asyncgen.client.chat_client",
    "asyncgen.client.sdk",
    "asyncgen.cluster",
    "asyncgen.engine.single_run",
    "asyncgen.export.export_run",
    "asyncgen.export.parquet",
    "asyncgen.export.run_files",
    "asyncgen.local",
    "asyncgen.simulator",
]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports of the package, lazy ones included."""
    return grimp.build_graph("asyncgen", include_external_packages=True, cache_dir=None)


def room(module: str) -> str:
    """The entry of `asyncgen/` that a module is in."""
    return module.split(".")[1] if "." in module else ""


def test_the_graph_is_read_right(graph: grimp.ImportGraph) -> None:
    """Plain and lazy imports are seen: without them the rest of this file would prove nothing."""
    assert "asyncgen.client.retry" in graph.find_modules_directly_imported_by("asyncgen.client.chat_client")
    assert "asyncgen.client.sdk" in graph.find_modules_directly_imported_by("asyncgen.client.wire")
    assert "asyncgen.simulator" in graph.find_modules_directly_imported_by("asyncgen.cli.servers")


@pytest.mark.parametrize("library", ONLY_USERS)
def test_each_library_has_its_only_user(graph: grimp.ImportGraph, library: str) -> None:
    """One room to change when the library does."""
    users = {name.removeprefix("asyncgen.") for name in graph.find_modules_that_directly_import(library)}
    allowed = ONLY_USERS[library]
    assert {next((one for one in allowed if name.startswith(one)), name) for name in users} == allowed


def test_the_rooms_are_few_and_so_are_the_ways_between_them(graph: grimp.ImportGraph) -> None:
    """A newcomer finds the room for a change by its name alone."""
    assert len([path for path in ROOT.iterdir() if path.name != "__pycache__"]) <= 32
    inside = [name for name in graph.modules if name.startswith("asyncgen")]
    ways = {
        (room(name), room(other))
        for name in inside
        for other in graph.find_modules_directly_imported_by(name)
        if other.startswith("asyncgen.") and room(other) != room(name)
    }
    assert len(ways) <= 150


def test_no_module_imports_a_private_name_of_another() -> None:
    """What others use is public."""
    names = [
        (str(path.relative_to(ROOT)), alias.name)
        for path in sorted(ROOT.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("asyncgen")
        for alias in node.names
    ]
    assert len(names) > 1000
    assert [(path, name) for path, name in names if name.startswith("_") and name != "__version__"] == []


def test_the_parser_is_built_without_slow_imports() -> None:
    """`asyncgen --help` does not pay for what it does not use."""
    program = (
        "import json, sys, asyncgen.cli.main; "
        "text = asyncgen.cli.main.build_parser().format_help(); "
        "print(json.dumps([text, sorted(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    text, modules = json.loads(done.stdout)
    assert "run" in text
    assert [name for name in NOT_FOR_HELP if name in modules] == []


def test_the_help_of_the_program_knows_neither_loop_nor_disk() -> None:
    """They took a third of its time once, for a flag that few type."""
    program = "import sys, asyncgen.cli.main as m; m.build_parser(['--help']).format_help(); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    assert {"asyncio", "dotenv", "asyncgen.storage.disk"}.isdisjoint(done.stdout.split())


def test_no_two_modules_and_no_two_public_classes_have_one_name() -> None:
    """Whoever is told of the report, the job or the sample knows which."""
    modules = Counter(path.stem for path in ROOT.rglob("*.py") if path.name not in {"__init__.py", "__main__.py"})
    classes = Counter(
        node.name
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert [name for names in (modules, classes) for name, number in names.items() if number > 1] == []
