"""What the calls of a directory have cost: as its server has said, and in truth."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.storage.batch_server import RemoteBatch
from tests.storage.model_names import Operation
from tests.storage.world import TOKENS, Call


@dataclass(slots=True)
class Bill:
    """Tokens of all starts so far.

    Args:
        silent: pairs of which the server does not say what their answers cost.
        said: what the server has told.
        true: what it bills, at most.
    """

    silent: frozenset[int]
    said: int = 0
    true: int = 0
    _at_risk: dict[Call, int] = field(default_factory=dict)

    @property
    def most(self) -> int:
        """The worst case, with what is under way."""
        return self.true + sum(self._at_risk.values())

    def follow(self, record: Iterable[Operation]) -> Iterable[int]:
        """Take a record in; gives the worst case whenever a call has gone out."""
        for note in record:
            match note:
                case ("at_risk", call, most):
                    self._at_risk[call] = most
                    yield self.most
                case ("billed", call, said, true):
                    self._at_risk.pop(call, None)
                    self.said += said
                    self.true += true
                case ("created", RemoteBatch(calls=calls)):
                    told = TOKENS * sum(index not in self.silent for index, _ in calls)
                    self.said += told
                    self.true += told

    def cut_short(self) -> None:
        """The process was killed: nobody will hear what is under way."""
        self.true = self.most
        self._at_risk.clear()
