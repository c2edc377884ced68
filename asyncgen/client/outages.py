"""When calls are no longer answered: an endpoint goes out, or, if it is the last one, the run ends."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urlsplit

from asyncgen.address import host_and_port, lacks_api_version
from asyncgen.client.classify import Action, Failure
from asyncgen.client.proxies import proxy_of
from asyncgen.client.tls import unread_variable
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.errors import AsyncgenError, KeyOrQuotaError, Message, Phrase, Setting, Stopping, TryLaterError
from asyncgen.events import Notice, Observer
from asyncgen.limits.endpoint import Endpoint
from asyncgen.limits.gate import Gate
from asyncgen.limits.rate_headers import DAY

FOREIGN = 10  # bodies in place of answers, before any came: more than chance, and soon reached
_BODIES = {
    "html": ("HTML", "a login page or a gateway"),
    "event_stream": ("an event stream", "this server only streams"),
    "plain_text": ("text", "another service answers there"),
    "no_http": ("what is not HTTP", "another service listens there"),
    "bad_http": ("malformed headers", "a gateway or the server breaks the rules of HTTP"),
    "large_header": ("headers that are too large", "a gateway adds them"),
    "encoding": ("what cannot be decoded", "a gateway changes answers"),
}
_WANTS_LOGIN = 511  # the status with which a network asks for one
_ADDED = "/chat/completions"
_OTHER_ROUTES = ("/completions", "/responses", "/messages", "/models", "/embeddings")
_EARLY = 0.001  # seconds by which a timer may fire too soon: less of the patience is none


class Outages:
    """What is out of reach, and since when.

    Args:
        config: model, endpoints and patience.
        gate: knows the remaining endpoints.
        observe: called for each endpoint that goes out.
        stop: called with the reason when the run has to stop.
    """

    def __init__(
        self, config: RunConfig, gate: Gate, observe: Observer, stop: Callable[[AsyncgenError], None]
    ) -> None:
        self._config = config
        self._gate = gate
        self._observe = observe
        self._stop = stop
        self._served = {served.name: served for served in config.endpoints}
        self._foreign: Counter[str] = Counter()
        self._refused_since = float("-inf")  # the first refusal of ours since the last answer behind the gate

    def refused(self) -> None:
        """Note that a call was refused for rate or overload, or did not reach the server in an outage."""
        if self._refused_since <= self._gate.answered_at:
            self._refused_since = asyncio.get_running_loop().time()

    def reject(self, endpoint: Endpoint, failure: Failure) -> None:
        """Handle a failure that waiting does not fix.

        Raises:
            Stopping: this endpoint was the last one, and the run stops.
        """
        served = self._served[endpoint.name]
        if self._gate.answers:
            failure = replace(failure, foreign=False)  # what lies in between has let answers through
        why = Message(advice_on(failure, self._config, served), f" ({said(failure)})")
        if not self._goes_on_without(endpoint, failure.kind, why):
            self._stop(rejection(failure, self._config, served))
            raise Stopping

    def give_up(self, endpoint: Endpoint, failure: Failure) -> None:
        """Let a call fail, unless all would because there is no server at the address.

        Raises:
            Stopping: nothing was ever answered, and the run stops.
        """
        if self._gate.answers or failure.kind != "connection" or failure.code is None:
            return
        self._stop(no_connection(failure, self._served[endpoint.name]))
        raise Stopping

    def meet(self, failure: Failure) -> None:
        """Count what no API answers: a portal, or a server of another kind, answers every call so.

        Raises:
            Stopping: nothing else has come so far, and the run stops.
        """
        kind = "html" if failure.status == _WANTS_LOGIN else failure.kind
        if kind not in _BODIES or failure.action is Action.ELSEWHERE:  # where an API may answer
            return
        self._foreign[kind] += 1
        if self._gate.answers or self._foreign[kind] < FOREIGN:
            return
        body, sender = _BODIES[kind]
        found = f"{self._foreign[kind]} calls got {body} instead of JSON, and none was answered: {sender}; check "
        # A network lets one through later; an address stays wrong.
        error = TryLaterError if kind == "html" else KeyOrQuotaError
        network = " and the network" if kind == "html" else ""
        self._stop(error(found, Setting("base_url"), f"{network}, then run the same command again"))
        raise Stopping

    async def wait(self, failure: Failure, endpoint: Endpoint) -> None:
        """Check whether to keep waiting: not if the daily quota is used up, nor after refusals for too long.

        Time without calls does not count. Where a pause is longer than the patience left, that is waited for here:
        answers to calls in flight may still come until then.

        Raises:
            Stopping: waiting is over, and the run stops.
        """
        kind, patience = failure.kind, self._config.patience
        # Again and again: answers to calls in flight make more of it.
        while endpoint.limiter.day_over is None and _EARLY < self._patience_left < self._gate.pause_left:
            await self._gate.backoff(self._patience_left)
        wait = endpoint.limiter.day_over
        if wait is not None:
            about = "about" if wait < DAY else "at most"
            reason = f"the daily limit is used up; the server resets it in {about} {wait / 3600:.1f} h"
            if self._goes_on_without(endpoint, kind, Message(reason)):
                return
        elif self._patience_left <= _EARLY:
            what = "could not be reached" if self._gate.outage else "has refused every call"
            reason = f"the server {what} for {self._silence:.0f} s ({kind})"
            if failure.asked is not None and failure.asked >= patience:
                reason += f", and asks to wait {failure.asked:,.0f} s"
        else:
            return
        saved = "everything paid is saved"
        moved = ("; if it has moved, check ", Setting("base_url")) if kind == "not_found" else ()
        self._stop(TryLaterError(f"{reason}; {saved}: ", Phrase.SAME, " resumes from here later", *moved))
        raise Stopping

    @property
    def _patience_left(self) -> float:
        """Seconds; none or less when it is over."""
        return self._config.patience - self._silence

    @property
    def _silence(self) -> float:
        """Seconds since the last answer, or the first refusal after it; some call has been refused."""
        return asyncio.get_running_loop().time() - max(self._refused_since, self._gate.answered_at)

    def _goes_on_without(self, endpoint: Endpoint, kind: str, why: Message) -> bool:
        """Put an endpoint out and report it once; False if it is the last one."""
        known = endpoint.health.out is not None
        if not self._gate.put_out(endpoint, kind):
            return False
        if not known:
            text = Message(f"endpoint {endpoint.name} is out: ", why, "; the others continue")
            self._observe(Notice(text, warning=True))
        return True


def said(failure: Failure) -> str:
    """The names in the server's refusal."""
    status = f"status {failure.status}" if failure.status else "no answer"
    return ", ".join(filter(None, [status, failure.code, failure.request_id]))


def _named(served: EndpointConfig) -> str:
    """The beginning of a message about one of several endpoints."""
    return f"endpoint {served.name}: " if served.name else ""


def rejection(failure: Failure, config: RunConfig, served: EndpointConfig) -> KeyOrQuotaError:
    """The error for a failure that waiting does not fix."""
    advice = advice_on(failure, config, served)
    return KeyOrQuotaError(_named(served), advice, ", then ", Phrase.AGAIN, f" ({said(failure)})")


def no_connection(failure: Failure, served: EndpointConfig) -> TryLaterError:
    """The error for an address at which nothing has ever answered."""
    place = host_and_port(urlsplit(served.base_url))
    return TryLaterError(
        f"{_named(served)}no connection to {place}: {failure.code}, and no call was answered; check ",
        served.address,
        " and the network, then ",
        Phrase.AGAIN,
    )


def _about_path(base_url: str) -> str:
    """What is wrong with the end of an address, as far as that is known."""
    path = urlsplit(base_url).path.rstrip("/")
    if path.endswith(_ADDED):
        return f" (without {_ADDED}, which is added)"
    if path.endswith(_OTHER_ROUTES):
        return f" (without /{path.rpartition('/')[2]}: {_ADDED} is added)"
    if lacks_api_version(base_url):
        return " (an address of Azure ends with /openai/v1, or with ?api-version=…)"
    return ""


def advice_on(failure: Failure, config: RunConfig, served: EndpointConfig) -> Message:
    """What the user can do about a failure."""
    address = served.address
    unknown = f"the server does not know the model {config.model!r} or the address; check "
    whole = _about_path(served.base_url)
    variable = unread_variable()
    unread = f" ({variable} is not read here: set SSL_CERT_FILE to its file)" if variable else ""
    reasons = {
        "quota": Message("the account is out of quota or credit; add credit"),
        "authentication": Message(
            f"the API key is not accepted; check {served.key_name}"
            if served.has_key
            else f"the server wants an API key, and there is none; set {served.key_name}"
        ),
        "permission": Message("the API key may not use this model or project; check the key's permissions"),
        "not_found": Message(unknown, Setting("model"), " and ", address, whole),
        "certificate": Message(
            "the server's TLS certificate is not trusted; check ", address, f" and SSL_CERT_FILE{unread}"
        ),
        "scheme": Message(f"{failure.code}: set ", address, f" to {_other_scheme(served.base_url)}://…")
        if failure.status is None or urlsplit(served.base_url).scheme == "http"
        else Message("a gateway asks its server without TLS, which that wants: this is to be set there"),
        "tls": Message(
            "the server refuses to connect by TLS: it wants a certificate of the client, which asyncgen has none "
            "of, or serves no such name; check ",
            address,
        ),
        "proxy": Message(
            f"{proxy_of(served.base_url) or 'a proxy'} lets nothing through: check its address, and user and "
            "password in it (http://user:password@host:port), or name the server in NO_PROXY"
        ),
        "redirect": Message("the server redirects elsewhere; set ", address, " to the final address"),
    }
    if failure.foreign and failure.kind in {"authentication", "permission"} and proxy_of(served.base_url):
        return reasons["proxy"]  # an API says so in JSON
    return reasons[failure.kind]


def _other_scheme(url: str) -> str:
    return "http" if urlsplit(url).scheme == "https" else "https"
