"""The import graph of the package holds the tiers of the design: imports go one way, downward."""

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import asyncgen

ROOT = Path(asyncgen.__file__).parent
TIERS = {
    6: {"", "__main__", "api", "cli", "commands", "console"},
    5: {
        "again",
        "cluster",
        "engine",
        "export",
        "joining",
        "pipeline",
        "regeneration",
        "report",
        "verification",
        "work",
    },
    4: {
        "directory",
        "history",
        "intake",
        "manifest",
        "merge",
        "output_lines",
        "resume",
        "structure",
        "takeover",
        "tee",
        "telemetry",
        "trail",
        "worker",
        "writer",
    },
    3: {
        "checkpoint",
        "client",
        "encoding",
        "collection",
        "journal",
        "medec",
        "recipe",
        "recipes",
        "segment_log",
        "segments",
        "source",
        "staging",
        "transport",
        "wire",
    },
    2: {
        "aside",
        "breaker",
        "budget",
        "concurrency",
        "deferred",
        "disk",
        "endpoint",
        "fleet",
        "forecast",
        "gate",
        "health",
        "outages",
        "leases",
        "limiter",
        "local",
        "local_server",
        "loop",
        "pace",
        "prices",
        "progress",
        "prompts",
        "provenance",
        "quality",
        "rate_headers",
        "rates",
        "reorder",
        "retry",
        "sketch",
        "tiers",
        "timeline",
        "tuning",
        "verdict",
        "window",
    },
    1: {"config", "fingerprint", "settings", "splits", "text", "toml"},
    0: {"chat", "defect", "errors", "pairs", "shard", "units", "version"},
}
BESIDE = "simulator"
ONLY_USERS = {
    "openai": {"transport", "wire"},
    "httpx2": {"transport"},
    "aiolimiter": {"limiter"},
    "aiofiles": {"disk"},
    "tqdm": {"console"},
    "uvloop": {"loop"},
    "aiohttp": {BESIDE, "transport"},
    "pyarrow": {"export"},
    "csv": {"medec"},
    "xllamacpp": {"local_server"},
    "rapidfuzz": {"quality"},
    "ray": {"cluster"},
}
PURE = {
    "breaker",
    "budget",
    "concurrency",
    "health",
    "leases",
    "pace",
    "quality",
    "reorder",
    "retry",
    "sketch",
    "timeline",
    "verdict",
}
NOT_FOR_HELP = [
    "asyncgen.transport",
    "openai",
    "httpx2",
    "aiohttp",
    "tqdm",
    "uvloop",
    "pyarrow",
    "asyncgen.client",
    "asyncgen.wire",
    "asyncgen.export",
    "asyncgen.pipeline",
    "asyncgen.simulator",
    "xllamacpp",
    "asyncgen.local",
    "rapidfuzz",
    "ray",
    "asyncgen.cluster",
]


def imported(path: Path) -> Iterator[str]:
    """Names of the modules that a file imports anywhere in it, lazily or not."""
    package = ["asyncgen", *path.relative_to(ROOT).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            source = ".".join([*above, *filter(None, [node.module])])
            # `from package import module` imports the module, any other name its package.
            names = [f"{source}.{alias.name}" for alias in node.names]
            yield from (name if is_module(name) else source for name in names)


def is_module(name: str) -> bool:
    """Whether a dotted name is a module or a subpackage of the package."""
    path = ROOT.parent.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def module_name(path: Path) -> str:
    """Dotted name inside the package; empty for the package itself."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix("__init__").removesuffix(".")


def room(name: str) -> str:
    """The first part of a dotted name inside the package: a module, or a whole subpackage."""
    return name.partition(".")[0]


IMPORTS = {module_name(path): set(imported(path)) for path in sorted(ROOT.rglob("*.py"))}
INSIDE = {
    name: {other.removeprefix("asyncgen").removeprefix(".") for other in found if room(other) == "asyncgen"}
    for name, found in IMPORTS.items()
}
OUTSIDE = {name: {room(other) for other in found} - {"asyncgen"} for name, found in IMPORTS.items()}
STREET = [name for name in IMPORTS if room(name) != BESIDE]


def tier(name: str) -> int:
    """The tier of a module."""
    return next(number for number, rooms in TIERS.items() if room(name) in rooms)


def reached(name: str) -> set[str]:
    """The module and everything of the package that it imports, directly or not."""
    found, ahead = set(), [name]
    while ahead:
        found.add(current := ahead.pop())
        ahead += INSIDE[current] - found
    return found


def test_every_module_has_its_place() -> None:
    """A new one must be given a tier, here and in the design."""
    assert {room(name) for name in IMPORTS} - set().union(*TIERS.values()) == {BESIDE}


def test_the_graph_is_read_right() -> None:
    """Plain, lazy and relative imports are all seen: without them the rest of this file would prove nothing."""
    assert {"retry", "gate", "verdict"} <= INSIDE["client"]
    assert {"openai", "httpx2"} <= OUTSIDE["transport"]
    assert "simulator" in INSIDE["commands._servers"]
    assert INSIDE["pipeline"] <= IMPORTS.keys()


def test_there_is_no_cycle() -> None:
    """Lazy imports included."""
    order = list(TopologicalSorter(INSIDE).static_order())
    assert order.index("errors") < order.index("pipeline") < order.index("commands._execution")


@pytest.mark.parametrize("name", STREET)
def test_a_module_imports_nothing_of_a_higher_tier(name: str) -> None:
    """Downward, or from its own tier."""
    assert {other for other in INSIDE[name] if room(other) != BESIDE and tier(other) > tier(name)} == set()


@pytest.mark.parametrize("name", [name for name in STREET if name.startswith("recipes.")])
def test_a_recipe_knows_only_values_prompts_and_text(name: str) -> None:
    """Neither limits nor files nor the engine."""
    assert INSIDE[name] <= {*TIERS[0], "prompts", "provenance", "recipe", "text"}


def test_only_the_commands_import_the_simulator() -> None:
    """It stands beside the street."""
    users = {room(name) for name in STREET if any(room(other) == BESIDE for other in INSIDE[name])}
    assert users == {"commands"}


def test_the_simulator_imports_nothing_of_the_package_but_itself() -> None:
    """So it cannot agree with the client by sharing its mistakes."""
    found = {other for name in IMPORTS if room(name) == BESIDE for other in INSIDE[name]}
    assert {room(other) for other in found} == {BESIDE}


@pytest.mark.parametrize("library", ONLY_USERS)
def test_each_library_has_its_only_user(library: str) -> None:
    """One room to change when the library does."""
    assert {room(name) for name, found in OUTSIDE.items() if library in found} == ONLY_USERS[library]


@pytest.mark.parametrize("name", [name for name in STREET if name in PURE])
def test_what_decides_knows_no_loop_clock_or_file(name: str) -> None:
    """Nor does anything that it imports from the package."""
    used = set().union(*(OUTSIDE[other] for other in reached(name)))
    assert used & {"asyncio", "time", "os", "pathlib", "io", "threading", "socket"} == set()


def test_the_parser_is_built_without_slow_imports() -> None:
    """`asyncgen --help` does not pay for what it does not use."""
    program = (
        "import json, sys, asyncgen.cli; "
        "text = asyncgen.cli.build_parser().format_help(); "
        "print(json.dumps([text, sorted(sys.modules)]))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True)
    text, modules = json.loads(done.stdout)
    assert "run" in text
    assert [name for name in NOT_FOR_HELP if name in modules] == []
