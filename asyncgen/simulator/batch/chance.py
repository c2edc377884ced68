"""Which of the faults in `[batch]` hits: determined by the seed and the number of earlier requests or batches."""

from collections import Counter

from asyncgen.simulator.batch.batch_profile import Batch
from asyncgen.simulator.draws import body_key, draw


class Chance:
    """The faults of a `[batch]` table; `counts` records every hit."""

    def __init__(self, table: Batch, seed: int, counts: Counter[str]) -> None:
        self._table = table
        self._seed = seed
        self._counts = counts
        self._asked: Counter[str] = Counter()
        self._hits: Counter[str] = Counter()

    def hits(self, kind: str) -> bool:
        """Whether this kind hits the next request or batch that it can."""
        share = getattr(self._table, kind)
        if not share or 0 < self._table.at_most <= self._hits[kind]:
            return False
        self._asked[kind] += 1
        if draw(self._seed, body_key(kind.encode()), self._asked[kind]).fault >= share:
            return False
        self._hits[kind] += 1
        self._counts[f"batch_{kind}"] += 1
        return True

    def hits_line(self, kind: str, key: int, attempt: int) -> bool:
        """Whether this attempt (1 is the first) of the request with this key gets a fault in its line."""
        share = getattr(self._table, kind)
        if not share or draw(self._seed, key ^ body_key(kind.encode()), attempt).fault >= share:
            return False
        self._counts[f"batch_{kind}"] += 1
        return True
