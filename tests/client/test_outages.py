"""A server that is gone for a while: no pair fails of it, and few calls are sent. On a virtual clock."""

import asyncio
from collections import Counter
from collections.abc import Callable

import pytest

from asyncgen.chat import NO_USAGE, ChatRequest, Completion, Sampling
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.call_log import NoLog
from asyncgen.client.caller import Caller
from asyncgen.client.chat_client import ChatClient
from asyncgen.client.classify import Action, Failure, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.client.outages import advice_on
from asyncgen.client.scripted_wire import ScriptedWire
from asyncgen.client.transport_errors import UnreadableError, unanswered
from asyncgen.config import EndpointConfig, RunConfig
from asyncgen.config.shipped import shipped
from asyncgen.errors import AsyncgenError, CallFailed, KeyOrQuotaError, Stopping, TryLaterError
from asyncgen.events import Event, Paused
from asyncgen.limits.opening import open_gate

pytestmark = [pytest.mark.asyncio, pytest.mark.virtual_clock]

PATIENCE = 600.0
SAMPLES = shipped("samples", "pairs.jsonl")
ANSWER = Completion("yes", NO_USAGE, "m")
REFUSED = Failure("connection", Action.RETRY, code="the connection was refused")
RESET = Failure("connection", Action.RETRY, unsaid=True)
NO_BACKEND = Failure("server_error", Action.RETRY, status=502, unsaid=True)
NO_ROUTE = judge_error(404, {}, "404 page not found\n", 0.0)
NO_WORKER = judge_error(500, {}, "Internal Server Error", 0.0)
PAGE = Failure("html", Action.ASK_AGAIN, status=200)
GONE = [
    REFUSED,
    RESET,
    NO_BACKEND,
    Failure("server_error", Action.RETRY, status=504, unsaid=True),
    NO_ROUTE,
    NO_WORKER,
    PAGE,
    judge_error(525, {}, "error code: 525", 0.0),
]
FORBIDDEN = Failure("permission", Action.STOP_IF_REPEATED, status=403)
REJECTED = Failure("authentication", Action.STOP_IF_REPEATED, status=401)

Script = Callable[["World", int], Completion | Failure]


class World:
    """A client and its server, which answers by a script: of the world's age and the pair."""

    def __init__(self, script: Script, concurrency: int = 64, pair_seconds: float = 1e9) -> None:
        config = RunConfig(
            input_jsonl=SAMPLES,
            output_dir=SAMPLES,
            prompt_file=SAMPLES,
            patience=PATIENCE,
            timeout=20,
            endpoints=(EndpointConfig(base_url="http://127.0.0.1:1/v1"),),
        )
        self.gate = open_gate(config.with_endpoints(concurrency=concurrency))
        self.events: list[Event] = []
        self.reasons: list[AsyncgenError] = []
        self.sent: list[tuple[float, int]] = []
        self.failed: dict[int, str] = {}
        self._script, self._pair_seconds = script, pair_seconds
        self._began = asyncio.get_running_loop().time()
        wire = ScriptedWire(self._answer)
        self._client = ChatClient(config, self.gate, NoLog(), self.events.append, self._end, wire)

    @property
    def age(self) -> float:
        """Seconds since its beginning."""
        return asyncio.get_running_loop().time() - self._began

    async def run(self, pairs: int, workers: int = 80) -> None:
        """Ask for that many pairs, in order."""
        rest = iter(range(pairs))

        async def work() -> None:
            for index in rest:
                request = self._client.prepare("step", ChatRequest("system", f"{index}", Sampling(0.0, 1.0, 10)))
                try:
                    await self._client.complete(Caller(index, "", self._pair_seconds), request)
                except CallFailed as error:
                    self.failed[index] = error.kind
                except Stopping:
                    return

        await asyncio.gather(*(work() for _ in range(workers)))

    def calls(self, start: float, end: float) -> int:
        """Calls sent in a span of time."""
        return sum(start <= at < end for at, _ in self.sent)

    def _end(self, reason: AsyncgenError) -> None:
        self.reasons.append(reason)
        self.gate.close()

    async def _answer(self, request: Prepared) -> Completion | Failure:
        pair = int(request.body.partition(b'"user","content":"')[2].partition(b'"')[0])
        self.sent.append((self.age, pair))
        result = self._script(self, pair)
        await asyncio.sleep(0.2 if isinstance(result, Completion) else 0.003)
        return result


@pytest.mark.parametrize("concurrency", [1, 2, 4, 64])
@pytest.mark.parametrize("failure", GONE, ids=str)
async def test_a_server_that_is_gone_for_25_seconds_costs_no_pair_and_few_calls(
    failure: Failure, concurrency: int
) -> None:
    """Whatever stands for it; the pause is told, and the run goes on soon after it is back."""
    world = World(lambda world, _: failure if 2 <= world.age < 27 else ANSWER, concurrency)

    await world.run(25 * concurrency, workers=2 * concurrency)

    assert (world.failed, world.reasons) == ({}, [])
    assert world.calls(2, 27) <= 2 * concurrency + 12
    assert world.calls(3, 27) <= 9
    assert world.age < 27 + 11 + 0.3 * 25
    assert any(isinstance(event, Paused) for event in world.events)


async def test_a_server_that_goes_and_comes_costs_no_pair() -> None:
    """Gone for 3 seconds of every 10."""
    world = World(lambda world, _: REFUSED if world.age % 10 >= 7 else ANSWER, 4)
    await world.run(1000)
    assert (world.failed, world.reasons) == ({}, [])


async def test_an_outage_takes_nothing_of_the_time_of_a_pair() -> None:
    """It lasts longer than a pair may take."""
    world = World(lambda world, _: RESET if 2 <= world.age < 120 else ANSWER, 4, pair_seconds=30)
    await world.run(100)
    assert (world.failed, world.reasons) == ({}, [])


async def test_an_outage_that_outlasts_the_patience_ends_the_run() -> None:
    """With what to do, and without a failed pair."""
    world = World(lambda world, _: RESET if world.age >= 2 else ANSWER)

    await world.run(1000)

    assert world.failed == {}
    assert isinstance(world.reasons[0], TryLaterError)
    assert "the server could not be reached for 60" in str(world.reasons[0])
    assert PATIENCE < world.age < PATIENCE + 15
    assert world.calls(3, world.age) < 70


async def test_an_outage_ends_the_run_when_the_patience_is_over_and_not_with_the_next_probe() -> None:
    """Between two probes nothing can be answered."""
    world = World(lambda world, _: RESET if world.age >= 2 else ANSWER)
    await world.run(1000)
    assert world.age - PATIENCE < 4


async def test_a_page_that_stays_away_ends_the_run_with_the_address_to_check() -> None:
    """A router that no longer knows the server says so for ever."""
    world = World(lambda world, _: NO_ROUTE if world.age >= 2 else ANSWER)
    await world.run(1000)
    assert world.failed == {}
    assert "could not be reached for 60" in str(world.reasons[0])
    assert str(world.reasons[0]).endswith("; if it has moved, check base_url")


@pytest.mark.parametrize("concurrency", [1, 2, 8])
async def test_a_pair_that_alone_is_cut_off_fails_by_itself(concurrency: int) -> None:
    """While probes with others pass; the others are all answered."""
    world = World(lambda _, pair: RESET if pair == 3 else ANSWER, concurrency)

    await world.run(200)

    assert (world.failed, world.reasons) == ({3: "connection"}, [])
    assert Counter(pair for _, pair in world.sent)[3] <= 8
    assert world.age < 60 + 200 * 0.2 / concurrency


async def test_a_pair_at_which_the_server_itself_fails_is_its_own_matter() -> None:
    """As servers in Python do at what they did not expect, in a text; the others are all answered."""
    world = World(lambda _, pair: NO_WORKER if pair % 50 == 3 else ANSWER, 8)
    await world.run(200)
    assert (set(world.failed), world.reasons) == ({3, 53, 103, 153}, [])
    assert world.age < 60 + 200 * 0.2 / 8


@pytest.mark.parametrize("concurrency", [1, 8, 64])
@pytest.mark.parametrize("failure", [NO_WORKER, PAGE, judge_error(500, {}, {"status": "failure"}, 0.0)], ids=str)
async def test_rows_at_which_the_server_fails_fail_though_nothing_else_is_left(
    failure: Failure, concurrency: int
) -> None:
    """The last ones, and a block of them: nobody waits for as long as the patience of the user."""
    bad = {*range(100, 100 + concurrency), 299}
    world = World(lambda _, pair: failure if pair in bad else ANSWER, concurrency)
    await world.run(300)
    assert (set(world.failed), world.reasons) == (bad, [])
    assert max(Counter(pair for _, pair in world.sent).values()) <= 6 + 8
    assert world.age < 2 * (30 + 45) + 300 * 0.2 / concurrency


@pytest.mark.parametrize("concurrency", [1, 2, 4])
@pytest.mark.parametrize("failure", [RESET, NO_BACKEND, REFUSED], ids=str)
async def test_neighbours_at_which_the_server_fails_are_told_from_an_outage(
    failure: Failure, concurrency: int
) -> None:
    """Rows that are sorted by their length, of which long ones end the connection: another row is asked, too."""
    bad = set(range(30, 31 + concurrency))
    world = World(lambda _, pair: failure if pair in bad else ANSWER, concurrency)
    await world.run(100, workers=concurrency + 2)
    assert (set(world.failed), world.reasons) == (bad, [])
    assert world.age < 120


async def test_a_server_that_was_never_there_is_no_outage() -> None:
    """The address is wrong, most likely: said soon."""
    world = World(lambda *_: REFUSED)
    await world.run(10)
    assert isinstance(world.reasons[0], TryLaterError)
    assert "no call was answered" in str(world.reasons[0])
    assert world.age < 60


@pytest.mark.parametrize(
    ("failure", "error"),
    [
        (PAGE, TryLaterError),
        (judge_error(511, {}, "<html><title>Log in</title></html>", 0.0), TryLaterError),
        (
            judge_answer(b'data: {"choices": []}\n\ndata: [DONE]\n\n', {}, json_object=False, now=0.0),
            KeyOrQuotaError,
        ),
        (judge_answer(b"Ollama is running", {}, json_object=False, now=0.0), KeyOrQuotaError),
        (judge_answer(b'{"message": {}}\n{"done": true}\n', {}, json_object=False, now=0.0), KeyOrQuotaError),
        (unanswered(UnreadableError("no_http", "no HTTP")), KeyOrQuotaError),
        (unanswered(UnreadableError("bad_http", "malformed headers")), KeyOrQuotaError),
        (unanswered(UnreadableError("large_header", "longer than is read")), KeyOrQuotaError),
        (unanswered(UnreadableError("encoding", "br")), KeyOrQuotaError),
    ],
    ids=str,
)
async def test_what_no_api_answers_ends_the_run_after_ten_calls(
    failure: Completion | Failure, error: type[AsyncgenError]
) -> None:
    """Each may have been paid: they are not asked for as often as an answer that was lost on its way."""
    world = World(lambda *_: failure, concurrency=4)
    await world.run(300)
    assert isinstance(world.reasons[0], error)
    assert "10 calls got" in str(world.reasons[0])
    assert len(world.sent) <= 10 + 4


async def test_a_page_that_was_never_there_ends_the_run_at_once() -> None:
    """Before any answer the address is wrong, whoever says so; after answers only the API itself is believed."""
    unknown = judge_error(404, {}, {"error": {"message": "no such model", "code": "model_not_found"}}, 0.0)
    for script in (lambda *_: NO_ROUTE, lambda world, _: unknown if world.age >= 2 else ANSWER):
        world = World(script)
        await world.run(1000)
        assert isinstance(world.reasons[0], KeyOrQuotaError)
        assert world.age < 4


async def test_an_error_of_the_server_counts_as_ever() -> None:
    """A status of its own says that it is there."""
    error = Failure("server_error", Action.RETRY, status=500)
    world = World(lambda world, _: error if world.age >= 2 else ANSWER, 4)
    await world.run(100)
    assert set(world.failed.values()) == {"server_error"}
    assert world.reasons == []


# Calls that can never pass


async def test_a_call_that_requests_more_than_the_limit_fails_and_the_others_do_not_wait_for_it() -> None:
    """Two probes, for the server has named both numbers."""
    failure = Failure("larger_than_limit", Action.ASK_AGAIN, status=429)
    world = World(lambda _, pair: failure if pair == 3 else ANSWER, 4)
    await world.run(6)
    assert (world.failed, world.reasons) == ({3: "larger_than_limit"}, [])
    assert Counter(pair for _, pair in world.sent)[3] == 2
    assert world.age < 5


async def test_a_call_beyond_the_limit_of_the_headers_fails_after_a_few_probes_though_it_is_the_last() -> None:
    """No sentence says it, but the limit does."""
    refused = Failure("rate_limit", Action.WAIT, status=429)
    world = World(lambda _, pair: refused if pair == 3 else ANSWER, 4)
    world.gate.endpoints[0].limiter.largest_call = 1
    await world.run(4)
    assert (world.failed, world.reasons) == ({3: "larger_than_limit"}, [])
    assert world.age < 10


@pytest.mark.parametrize(("seconds", "said"), [(28_800, "in about 8.0 h"), (86_400, "in at most 24.0 h")])
async def test_a_limit_of_the_day_ends_the_run_at_once(seconds: float, said: str) -> None:
    """With the time at which it is counted anew."""
    world = World(lambda *_: Failure("rate_limit", Action.WAIT, status=429, day_over=seconds))
    await world.run(3)
    assert isinstance(world.reasons[0], TryLaterError)
    assert f"the daily limit is used up; the server resets it {said}" in str(world.reasons[0])
    assert len(world.sent) <= 3


# Rejections


async def test_one_row_that_is_forbidden_is_its_own_matter_once_others_were_answered() -> None:
    """A gateway's moderation: asked twice, and the run goes on."""
    world = World(lambda _, pair: FORBIDDEN if pair in {50, 120} else ANSWER)
    await world.run(200)
    assert (world.failed, world.reasons) == ({50: "permission", 120: "permission"}, [])
    assert Counter(pair for _, pair in world.sent)[50] == 2


async def test_a_good_key_may_be_rejected_now_and_then() -> None:
    """Every tenth time: each such call is asked again."""
    count = iter(range(10**6))
    world = World(lambda *_: REJECTED if next(count) % 10 == 9 else ANSWER, 4)
    await world.run(500)
    assert (world.failed, world.reasons) == ({}, [])


@pytest.mark.parametrize("concurrency", [1, 3, 64])
@pytest.mark.parametrize("failure", [FORBIDDEN, REJECTED])
async def test_a_key_that_dies_ends_the_run_soon(failure: Failure, concurrency: int) -> None:
    """Different calls in a row, none answered between them."""
    world = World(lambda world, _: failure if world.age >= 2 else ANSWER, concurrency)
    await world.run(100 * concurrency)
    assert isinstance(world.reasons[0], KeyOrQuotaError)
    assert world.age < 4
    assert len(world.failed) <= 2


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("/v1/chat/completions", True),
        ("/chat/completions/", True),
        ("/openai/deployments/d/chat/completions?api-version=2024-10-21", True),  # Azure's "Target URI"
        ("/v1", False),
    ],
)
async def test_an_address_with_the_path_of_a_call_is_told_from_a_wrong_one(path: str, hint: bool) -> None:
    """Documentation shows the whole address of a call, and the program adds its path."""
    served = EndpointConfig(base_url=f"https://api.example.com{path}")
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=(served,))
    missing = Failure("not_found", Action.STOP_IF_REPEATED, status=404)

    advice = str(advice_on(missing, config, served))

    assert advice.endswith("base_url (without /chat/completions, which is added)") == hint


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Resource not found"),
        (400, "Missing required query parameter: api-version"),
        (400, "API version not supported"),
    ],
)
async def test_an_address_of_azure_without_its_version_is_told_what_it_lacks(status: int, message: str) -> None:
    """The server only says that there is nothing there, or that its own parameter is missing."""
    served = EndpointConfig(base_url="https://me.openai.azure.com/openai/deployments/d")
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=(served,))
    missing = judge_error(status, {}, {"error": {"code": str(status), "message": message}}, 0.0)

    assert missing.action is Action.STOP_IF_REPEATED
    assert str(advice_on(missing, config, served)).endswith("ends with /openai/v1, or with ?api-version=…)")


@pytest.mark.parametrize("route", ["completions", "responses/", "models"])
async def test_an_address_of_another_route_is_told_from_a_wrong_one(route: str) -> None:
    """Those of other programs end so."""
    served = EndpointConfig(base_url=f"https://api.example.com/v1/{route}")
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=(served,))
    advice = str(advice_on(Failure("not_found", Action.STOP_IF_REPEATED, status=404), config, served))
    assert advice.endswith(f"base_url (without /{route.strip('/')}: /chat/completions is added)")


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        (
            {"REQUESTS_CA_BUNDLE": "ca.pem"},
            " (REQUESTS_CA_BUNDLE is not read here: set SSL_CERT_FILE to its file)",
        ),
        ({"REQUESTS_CA_BUNDLE": "ca.pem", "SSL_CERT_FILE": "ca.pem"}, ""),
        ({}, ""),
    ],
)
async def test_certificates_for_other_programs_are_said_not_to_be_read(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    """A company that looks into TLS sets them for all that it knows."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    served = EndpointConfig(base_url="https://api.example.com/v1")
    config = RunConfig(input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=(served,))
    advice = str(advice_on(Failure("certificate", Action.STOP), config, served))
    assert advice.endswith(f" and SSL_CERT_FILE{named}")


@pytest.mark.parametrize(("url", "named"), [("http://api.example.com/v1", True), ("http://127.0.0.1:1/v1", False)])
async def test_a_page_instead_of_a_refusal_is_that_of_the_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, *, named: bool
) -> None:
    """Over plain HTTP a proxy answers in the server's place; the API refuses in JSON."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    served = EndpointConfig(base_url=url, api_key="k")
    config = RunConfig(
        input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=(served,), allow_http=True
    )
    for status in (401, 403):
        page = judge_error(status, {}, "<html><title>Access denied</title></html>", 0.0)
        assert (
            "proxy.example.com:3128 (HTTP_PROXY) lets nothing through" in str(advice_on(page, config, served))
        ) == named
        refusal = judge_error(status, {}, {"error": {"message": "No."}}, 0.0)
        assert "the API key" in str(advice_on(refusal, config, served))


@pytest.mark.parametrize(
    ("scheme", "advice"),
    [
        ("http", "the server speaks TLS: set base_url to https://…"),
        ("https", "a gateway asks its server without TLS, which that wants: this is to be set there"),
    ],
)
async def test_a_port_for_https_is_told_from_one_behind_a_gateway(scheme: str, advice: str) -> None:
    """Nobody is told to send a key without encryption."""
    served = EndpointConfig(base_url=f"{scheme}://api.example.com/v1", api_key="k")
    config = RunConfig(
        input_jsonl=SAMPLES, output_dir=SAMPLES, prompt_file=SAMPLES, endpoints=(served,), allow_http=True
    )
    refused = judge_error(400, {}, "Client sent an HTTP request to an HTTPS server.\n", 0.0)
    assert str(advice_on(refused, config, served)) == advice
