"""What refusals teach of the fields that an endpoint takes: recorded, told once, shared with other processes."""

from collections.abc import Callable, Iterable

from asyncgen.chat import Adaptation
from asyncgen.client.adaptations import SYSTEM, Adaptations, told
from asyncgen.client.call_log import CallLog
from asyncgen.client.classify import Failure
from asyncgen.client.encoding import Prepared
from asyncgen.client.probes import Probes
from asyncgen.config import RunConfig
from asyncgen.errors import AsyncgenError, BadDataError, Stopping
from asyncgen.events import Notice, Observer


class Learning:
    """Learns from refusals.

    Args:
        config: the model, and whether the user wants no field left out.
        adaptations: what is known, and what requests become by it.
        probes: keep what is learned beyond this client, and what other processes have learned.
        log: the journal.
        observe: told of each field once.
        stop: called if a field is refused and none may be left out.
        learned: in earlier starts, as far as it is logged.
    """

    def __init__(
        self,
        config: RunConfig,
        adaptations: Adaptations,
        probes: Probes,
        log: CallLog,
        observe: Observer,
        stop: Callable[[AsyncgenError], None],
        learned: Iterable[Adaptation],
    ) -> None:
        self._config = config
        self._adaptations = adaptations
        self._probes = probes
        self._log = log
        self._observe = observe
        self._stop = stop
        self._told = {(one.endpoint, one.name) for one in learned}
        self._taken_over = 0

    def take_over(self) -> None:
        """Record what other processes have learned, before anything is sent with another body."""
        known = self._probes.adaptations
        for adaptation in known[self._taken_over :]:
            self._told.add((adaptation.endpoint, adaptation.name))
            if self._adaptations.add(adaptation):
                self._log.adapted(adaptation)
        self._taken_over = len(known)

    def keep(self, learned: Adaptation) -> None:
        """Record and report what a refusal has taught.

        Raises:
            Stopping: the run stops, as the user wants nothing left out.
        """
        endpoint = learned.endpoint
        if self._config.strict_params:
            where = f" at endpoint {endpoint}" if endpoint else ""
            what = "a system message" if learned.name == SYSTEM else learned.name
            self._stop(BadDataError(f"model {self._config.model}{where} does not take {what}"))
            raise Stopping
        self._log.adapted(learned)
        if (key := (endpoint, learned.name)) not in self._told:
            self._told.add(key)
            self._observe(Notice(told(self._config.model, learned)))
        self._probes.found(learned)

    def from_batch(self, endpoint: str, request: Prepared, failure: Failure) -> str | None:
        """Learn from a refusal in a batch what its endpoint accepts; returns the field that it named.

        None: it teaches nothing. It may have been learned from another refusal since the request was sent.

        Raises:
            Stopping: the run stops, as the user wants nothing left out.
        """
        learned = self._adaptations.learn(endpoint, request, failure)
        if learned is None:
            return self._adaptations.known(endpoint, request, failure)
        self.keep(learned)
        return learned.name
