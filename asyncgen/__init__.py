"""Turn pairs of clinical notes into SFT data through an OpenAI-compatible chat API."""

from typing import TYPE_CHECKING, Any

from asyncgen.version import __version__

if TYPE_CHECKING:
    from asyncgen.api import run as run
    from asyncgen.api import run_async as run_async
    from asyncgen.api import stream as stream

__all__ = ["__version__", "run", "run_async", "stream"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: the commands import this package too, and --help must not pay for the engine.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from asyncgen import api  # noqa: PLC0415

    return getattr(api, name)
