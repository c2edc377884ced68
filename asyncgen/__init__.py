"""Turn rows, such as pairs of clinical notes, into SFT data through an OpenAI-compatible chat API.

`run` does what the command `asyncgen run` does; `run_async` and `stream` do it in an event loop. What you need to
write a recipe is in `asyncgen.recipes`. These and the classes below are the public interface: every other module
of the package may change with any version.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from asyncgen.config.version import __version__

if TYPE_CHECKING:
    from asyncgen.api import run, run_async, stream
    from asyncgen.api.progress import Progress
    from asyncgen.config import EndpointConfig
    from asyncgen.engine.session import Summary
    from asyncgen.errors import (
        AsyncgenError,
        BadDataError,
        BudgetError,
        DirectoryError,
        DiskError,
        Exit,
        Interrupted,
        KeyOrQuotaError,
        TryLaterError,
        UsageError,
    )

__all__ = [
    "AsyncgenError",
    "BadDataError",
    "BudgetError",
    "DirectoryError",
    "DiskError",
    "EndpointConfig",
    "Exit",
    "Interrupted",
    "KeyOrQuotaError",
    "Progress",
    "Summary",
    "TryLaterError",
    "UsageError",
    "__version__",
    "run",
    "run_async",
    "stream",
]

_HOMES = {
    "run": "asyncgen.api",
    "run_async": "asyncgen.api",
    "stream": "asyncgen.api",
    "EndpointConfig": "asyncgen.config",
    "Progress": "asyncgen.api.progress",
    "Summary": "asyncgen.engine.session",
}


if not TYPE_CHECKING:  # otherwise a type checker would accept any name

    def __getattr__(name: str) -> Any:
        # Imported on first use: the commands import this package too, and --help must not load the engine.
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES.get(name, "asyncgen.errors")), name)


def __dir__() -> list[str]:
    return __all__
