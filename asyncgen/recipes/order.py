"""The order in which the steps of a recipe file run. Pure."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet


class CycleError(ValueError):
    """Steps that need each other in a cycle; `steps` are these, in order."""

    def __init__(self, steps: tuple[str, ...]) -> None:
        super().__init__(" → ".join((*steps, steps[0])))
        self.steps = steps


def waves(needs: Mapping[str, AbstractSet[str]]) -> tuple[tuple[str, ...], ...]:
    """Independent steps, grouped; each wave needs only the waves before it.

    Args:
        needs: by step, the steps whose answers it needs; within a wave they keep this order.

    Raises:
        CycleError: some need each other.
    """
    found: list[tuple[str, ...]] = []
    done: set[str] = set()
    while len(done) < len(needs):
        wave = tuple(step for step, needed in needs.items() if step not in done and needed <= done)
        if not wave:
            raise CycleError(_circle({step: needed - done for step, needed in needs.items() if step not in done}))
        found.append(wave)
        done.update(wave)
    return tuple(found)


def _circle(needs: Mapping[str, AbstractSet[str]]) -> tuple[str, ...]:
    """A cycle among steps of which each needs another one."""
    path = [next(iter(needs))]
    while True:
        following = min(needs[path[-1]])
        if following in path:
            return tuple(path[path.index(following) :])
        path.append(following)
