"""Packages that fill themselves when something is first asked of them, instead of when they are imported."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType
from typing import Any


@dataclass(frozen=True)
class DeferringFinder(MetaPathFinder):
    """Finds a package and the packages in it, and puts off what their `__init__` does; their modules load as ever.

    For a package whose `__init__` gathers the names of hundreds of modules, of which a program uses a few.

    `package` is its dotted name.
    """

    package: str

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find the package or one in it; None for everything else, which is left to the other finders."""
        if fullname != self.package and not fullname.startswith(f"{self.package}."):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.submodule_search_locations is None or spec.loader is None:
            return None
        spec.loader = _DeferringLoader(spec.loader)
        return spec


class _DeferringLoader(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader
        self._lock = RLock()

    def exec_module(self, module: ModuleType) -> None:
        def fill(name: str) -> Any:
            with self._lock:
                if module.__dict__.get("__getattr__") is fill:
                    del module.__dict__["__getattr__"]
                    self._loader.exec_module(module)
            # What is not there now is missed as in any other module.
            return getattr(module, name)

        module.__dict__["__getattr__"] = fill


def defer(package: str) -> None:
    """Put off what a package and the packages in it do when they are imported; those that are loaded stay so."""
    finder = DeferringFinder(package)
    if finder not in sys.meta_path:
        sys.meta_path.insert(0, finder)
