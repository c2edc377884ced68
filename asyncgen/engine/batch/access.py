"""How a run opens a Batch API, and how long it waits for one."""

from collections.abc import Callable
from dataclasses import dataclass, field

from asyncgen.client.batch_server import BatchServer
from asyncgen.config import RunConfig
from asyncgen.engine.batch.delivery import BatchTiming
from asyncgen.storage.disk import Disk


def _over_http(config: RunConfig, disk: Disk) -> BatchServer:
    from asyncgen.client.batch_http import HttpBatchServer  # noqa: PLC0415 - only batches need it

    return HttpBatchServer(config, disk)


@dataclass(frozen=True, slots=True)
class BatchAccess:
    """Opens the server's Batch API, and holds the timing of a run with it."""

    open: Callable[[RunConfig, Disk], BatchServer] = _over_http
    timing: BatchTiming = field(default_factory=BatchTiming)
