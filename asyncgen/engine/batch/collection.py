"""The phase of a run in which batches are collected: the rounds, with the engine's services around them."""

from asyncgen.chat import ModelWays
from asyncgen.engine.batch.access import BatchAccess
from asyncgen.engine.batch.asker import Collected
from asyncgen.engine.batch.batch_rounds import BatchRounds
from asyncgen.engine.batch.row_passes import Rows
from asyncgen.engine.failure_threshold import FailureThreshold
from asyncgen.engine.pool import Engine
from asyncgen.errors import AsyncgenError, Stopping
from asyncgen.events import Notice
from asyncgen.storage.journal import Journal
from asyncgen.storage.layout import RunDirectory


async def collect(
    engine: Engine,
    access: BatchAccess,
    journal: Journal,
    directory: RunDirectory,
    rows: Rows,
    threshold: FailureThreshold,
    ways: ModelWays | None,
    *,
    generation: int = 0,
) -> Collected:
    """Ask in batches what the rows need, until nothing is left, or for as long as anything can be asked.

    Args:
        engine: of the run.
        access: opens the Batch API.
        journal: receives the answers.
        directory: the output directory.
        rows: streams them, from the first.
        threshold: says when too many rows fail.
        ways: what was known of the model when the run began.
        generation: of the answers.

    Raises:
        AsyncgenError: the reason for which the engine was asked to stop.
    """
    config, price = engine.config, engine.price
    if config.batch and price is not None and price.batch is None:
        engine.tell(Notice(f"No price of batches is known for {config.model}: they count at the ordinary one"))
    server = access.open(config, engine.disk)
    try:
        async with engine.service(journal, ways) as (_, client):
            rounds = BatchRounds(
                engine, journal, directory, client, server, rows, threshold, access.timing, generation
            )
            reason = None
            try:
                await rounds.work()
            except AsyncgenError as error:
                reason = error
            except Stopping:
                pass
            collected = Collected(rounds.given_up, reason)
    finally:
        await server.close()
    if engine.reason is not None:
        raise engine.reason
    return collected
