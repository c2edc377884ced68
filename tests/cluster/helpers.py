"""Samples and reports as workers make them."""

from dataclasses import replace
from typing import Any

from asyncgen.chat import NO_FINDINGS, Findings
from asyncgen.cluster.messages import WorkerReport
from asyncgen.cluster.totals import NOTHING
from asyncgen.events import Sample


def sample(**fields: Any) -> Sample:
    """A sample of which only some fields matter."""
    return replace(NOTHING, **fields)


def report(
    shard: int = 1, *, worker: int = 0, session: str = "one", findings: Findings = NO_FINDINGS, **fields: Any
) -> WorkerReport:
    """A report whose sample has these fields."""
    return WorkerReport(worker, shard, session, wanted=1.0, held=1.0, sample=sample(**fields), findings=findings)
