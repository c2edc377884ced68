"""How many calls go ahead while it is not known whether a server takes their shape."""

import asyncio

from asyncgen.client.probes import PROBES, Probes


async def test_a_few_go_ahead_until_one_was_answered() -> None:
    """Then all others go at once, and none waits ever after."""
    probes, entered = Probes(), []

    async def call(number: int) -> None:
        await probes.enter("shape")
        entered.append(number)

    calls = [asyncio.create_task(call(number)) for number in range(30)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert len(entered) == PROBES
    assert not probes.try_enter("shape")
    assert probes.try_enter("another")
    probes.leave("shape")
    probes.leave("shape", answered=True)
    await asyncio.wait_for(asyncio.gather(*calls), 1)
    assert sorted(entered) == list(range(30))
    assert probes.try_enter("shape")
