"""The summary at the end of a run."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from asyncgen.cli.invocation import asyncgen_command, asyncgen_here
from asyncgen.cli.paths import from_here
from asyncgen.config import RunConfig
from asyncgen.cost import Price, describe
from asyncgen.events import Planned, Sample
from asyncgen.humanize import counted, duration, plural, usd
from asyncgen.storage.layout import KEPT_INPUT, STATE_DIRECTORY
from asyncgen.storage.standard_input import STANDARD_INPUT

if TYPE_CHECKING:
    from asyncgen.engine.session import Summary


def summary_lines(
    summary: "Summary",
    config: RunConfig,
    place: Path,
    price: Price | None,
    planned: Planned | None,
    last: Sample | None,
    rows: str,
) -> Iterator[str]:
    """The lines that say how a run ended.

    Args:
        summary: of the run.
        config: of the run.
        place: where the user finds its output.
        price: of its model, None if unknown.
        planned: the forecast, None if there was none.
        last: its last sample, None if it took none.
        rows: the word for its rows, in the plural.
    """
    stats = summary.stats
    pairs = stats["total_pairs"]
    if summary.already_complete:
        yield f"✓ Already complete: {counted(pairs, rows)} in {place}, nothing to do"
        yield _next(config)
        return
    end, failed = "✓ Done", ""
    if summary.failed_pairs:
        end, failed = "⚠ Ended", f", {summary.failed_pairs:,} of them failed"
    per_second = f"{summary.calls / summary.seconds:.1f} calls/s" if summary.seconds else ""
    cached = f"; {plural(summary.cached, 'answer')} from the cache" if summary.cached else ""
    cost = "" if summary.cost_usd is None else f", {usd(summary.cost_usd)}"
    first_start = summary.spend.most.total_tokens == summary.tokens
    yield (
        f"{end}: {counted(pairs, rows)}{failed}{' in' if first_start else '; this start took'} "
        f"{duration(summary.seconds)} ({plural(summary.calls, 'call')}, {per_second}, "
        f"{summary.refused:,} refused; {summary.tokens:,} tokens{cost}{cached})"
    )
    if planned is not None and last is not None:
        yield _comparison(planned, last, summary.seconds)
    if not first_start:
        yield f"  all starts together: {describe(summary.spend, price)}"
    for name, number in stats.items():
        if name not in {"total_pairs", "total_tokens_used"}:
            yield f"  {name:28} {number:>8,}"
    yield f"  in {place}"
    if not summary.failed_pairs:
        yield _next(config)


def _comparison(planned: Planned, last: Sample, seconds: float) -> str:
    """Forecast against actual, of this process."""
    tokens = planned.prompt_tokens + planned.completion_tokens
    text = f"  {tokens:,} tokens planned, {last.prompt_tokens + last.completion_tokens:,} used"
    if planned.cost_low is not None and planned.cost_high is not None and last.cost is not None:
        text += (
            f"; {usd(planned.cost_low)} to {usd(planned.cost_high)} planned, {usd(last.cost)} by the price list"
        )
    if planned.seconds is not None:
        text += f"; {duration(planned.seconds)} planned, {duration(seconds)} taken"
    return text


def _next(config: RunConfig) -> str:
    """The next command to run."""
    if config.shard is not None:
        return f"when all {config.shard.of} are done: {asyncgen_here()} merge DIR… --output-dir OUT"
    # A name that begins with a dash would be taken for a flag.
    source = config.input_jsonl
    if source == STANDARD_INPUT:
        source = config.output_dir / STATE_DIRECTORY / KEPT_INPUT
    paths = [str(from_here(path)) for path in (config.output_dir, source)]
    output_dir, input_jsonl = (f"./{path}" if path.startswith("-") else path for path in paths)
    return f"next: {asyncgen_command('verify', output_dir, '--input-jsonl', input_jsonl)}"
