"""The event loop that the commands run on, and programs that call them."""

import gc

from asyncgen.engine.event_loop import COLLECT_AFTER, run_loop


def test_a_program_has_its_own_thresholds_of_the_collector_back() -> None:
    """They are those of the whole process."""
    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)

    async def during() -> tuple[int, int, int]:
        return gc.get_threshold()

    try:
        assert run_loop(during()) == COLLECT_AFTER
        assert gc.get_threshold() == (701, 11, 12)
    finally:
        gc.set_threshold(*before)
