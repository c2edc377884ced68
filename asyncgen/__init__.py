"""Turn pairs of clinical notes into SFT data through an OpenAI-compatible chat API."""

from typing import TYPE_CHECKING, Any

from asyncgen.version import __version__

if TYPE_CHECKING:
    from asyncgen.api import run as run

__all__ = ["__version__", "run"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: the commands import this package too, and --help must not pay for the engine.
    if name != "run":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from asyncgen.api import run  # noqa: PLC0415

    return run
