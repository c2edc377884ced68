"""What `asyncgen verify --review` shows: how rules and judge agree with the reviewer."""

from collections import Counter
from collections.abc import Iterator, Mapping

from asyncgen.quality.checks.judgement import State
from asyncgen.quality.judge.trust import Trust
from asyncgen.quality.review_agreement import Proportion, ReviewAgreement, rejected_of
from asyncgen.storage.review_file import Mark


def review_lines(found: ReviewAgreement, rows: str) -> Iterator[str]:
    """The lines.

    Args:
        found: the marks and the judgements that they are compared with.
        rows: the word for rows, in the plural.
    """
    yield f"review         {found.review.summary}"
    states = found.by_state
    if not states:
        yield f"  nothing to compare them with: none of the marked {rows} was judged"
        return
    yield from _table("the rules say", states)
    yield from _sentences("flagged by the rules", found.caught(states, State.FLAGGED))
    trusts = found.by_trust
    if trusts:
        yield from _table("with the judge", trusts)
        yield from _sentences(
            "flagged or rejected by rules and judge", found.caught(trusts, Trust.FLAGGED, Trust.REJECTED)
        )


def _table(title: str, groups: Mapping[str, Counter[Mark]]) -> Iterator[str]:
    yield f"  {title:<14} {'accepted':>8} {'rejected':>8}  rejected of the marked (95 %)"
    for name, counts in groups.items():
        share = _share(rejected_of(counts))
        yield f"  {name:<14} {counts[Mark.ACCEPTED]:>8,} {counts[Mark.REJECTED]:>8,}  {share}"


def _sentences(caught: str, found: tuple[Proportion, Proportion]) -> Iterator[str]:
    for mark, share in zip((Mark.REJECTED, Mark.ACCEPTED), found, strict=True):
        if share.of:
            yield f"  of {share.of:,} that the person {mark}, {share.hits:,} {caught}: {_share(share)}"


def _share(of: Proportion) -> str:
    value, low, high = (100 * number for number in (of.share.value, of.share.low, of.share.high))
    return f"{value:.0f} % ({low:.0f} to {high:.0f} %)"
