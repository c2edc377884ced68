"""Providers: errors, headers and addresses as each of them has them, over real loopback connections."""

import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import orjson
import pytest

from asyncgen.simulator import Faults, Latency, Limits, Models, Profile, Simulator
from asyncgen.simulator.profile import PROVIDER_NAMES
from asyncgen.simulator.providers import PROVIDERS

from .helpers import NOTE, Post, chat

AT_ONCE = Latency(median_s=0.0)
JSON_OBJECT = {"response_format": {"type": "json_object"}}
Get = Callable[..., Awaitable[tuple[int, Any]]]


def served(provider: str, **tables: Any) -> Simulator:
    """A simulator of the provider, without latency."""
    return Simulator(Profile(provider=provider, latency=AT_ONCE, **tables))


def failing(provider: str, kind: str) -> Simulator:
    """A simulator of the provider where every request meets this fault."""
    return served(provider, faults=Faults(**{kind: 1.0, "retry_after_s": 0.0}))


@pytest.fixture
async def get() -> AsyncIterator[Get]:
    """A function of a simulator and a path behind its base URL that gives status and JSON."""
    async with aiohttp.ClientSession() as session:

        async def fetch(sim: Simulator, path: str) -> tuple[int, Any]:
            async with session.get(sim.base_url + path) as response:
                return response.status, orjson.loads(await response.read())

        yield fetch


@pytest.mark.parametrize("provider", PROVIDER_NAMES)
async def test_each_answers_at_its_own_address(post: Post, get: Get, provider: str) -> None:
    """An ordinary request is answered as everywhere, models are listed, and `no-such-model` is nowhere."""
    async with served(provider) as sim, served("openai") as plain:
        assert sim.base_url.endswith(PROVIDERS[provider].base)
        body = chat(model="my-own")
        status, _, text = await post(sim, body)
        _, _, expected = await post(plain, body)
        answer = orjson.loads(text[text.index("{") :])
        message = answer["choices"][0]["message"]
        assert (status, message) == (200, orjson.loads(expected)["choices"][0]["message"])
        listed = (await get(sim, "/models"))[1]["data"]
        assert listed
        missing, _, text = await post(sim, chat(model="no-such-model"))
        assert missing in (400, 404)
        assert "error" in text


def test_every_provider_has_a_name() -> None:
    """The names that profiles may give are those that there are."""
    assert tuple(PROVIDERS) == PROVIDER_NAMES


async def test_openai_looks_models_up(post: Post, get: Get) -> None:
    """A model has the day of its shutdown, or none; where only listed ones are, others are a 404 with the code."""
    async with served("openai", models=Models(only_listed=True, date="2026-11-26")) as sim:
        assert (await get(sim, "/models/gpt-4o"))[1]["shutdown_date"] == "2027-01-14"
        assert (await get(sim, "/models/gpt-6-luna"))[1]["shutdown_date"] is None
        for name in ("my-own", "no-such-model", "o1"):
            status, body = await get(sim, f"/models/{name}")
            assert (status, body["error"]["code"], body["error"]["param"]) == (404, "model_not_found", "model")
            status, _, text = await post(sim, chat(model=name))
            assert (status, orjson.loads(text)["error"]["code"]) == (404, "model_not_found")
        assert "deprecated" in text
        assert (await post(sim, chat(model="gpt-4o")))[0] == 200


async def test_by_default_any_name_is_a_model_and_none_is_shut_down(post: Post, get: Get) -> None:
    """Users point the simulator at any model, on any day; one name is never there."""
    async with served("openai") as sim:
        for name in ("my-own", "org/model", "o1"):
            assert (await get(sim, f"/models/{name}"))[1]["id"] == name
        assert (await post(sim, chat(model="gpt-3.5-turbo")))[0] == 200
        assert (await get(sim, "/models/no-such-model"))[0] == 404


async def test_openai_refuses_what_the_model_does_not_take(post: Post) -> None:
    """The body of the error is OpenAI's; nothing is answered, counted as spent or charged to the limits."""
    async with served("openai", limits=Limits(rpm=5)) as sim:
        status, headers, text = await post(sim, chat(model="gpt-6-luna"))
        assert status == 400
        assert orjson.loads(text) == {
            "error": {
                "message": "Unsupported parameter: 'max_tokens' is not supported with this model. "
                "Use 'max_completion_tokens' instead.",
                "type": "invalid_request_error",
                "param": "max_tokens",
                "code": "unsupported_parameter",
            }
        }
        assert headers["x-request-id"]
        assert headers["x-ratelimit-remaining-requests"] == "5"
        assert sim.counts.answers == sim.counts.prompt_tokens == 0


async def test_openai_counts_reasoning_and_echoes_the_tier(post: Post) -> None:
    """Both stand in the answer of a model that reasons, neither in that of gpt-4o."""
    async with served("openai") as sim:
        fields = {"model": "gpt-6-luna", "max_tokens": None, "service_tier": "flex"}
        answer = orjson.loads((await post(sim, chat(**fields)))[2])
        plain = orjson.loads((await post(sim, chat()))[2])
        usage = answer["usage"]
        assert 256 <= usage["completion_tokens_details"]["reasoning_tokens"] < usage["completion_tokens"]
        assert usage["completion_tokens"] + plain["usage"]["completion_tokens"] == sim.counts.completion_tokens
    assert answer["service_tier"] == "flex"
    assert [*plain] == ["id", "object", "created", "model", "choices", "usage", "system_fingerprint"]
    assert [*plain["usage"]] == ["prompt_tokens", "completion_tokens", "total_tokens"]


async def test_flex_runs_out_for_flex_alone(post: Post) -> None:
    """The refusal is a 429 with its code, and at Groq a 498; other tiers pass."""
    flex = {"model": "gpt-6-luna", "max_tokens": None, "service_tier": "flex"}
    for provider, status, code in (("openai", 429, "resource_unavailable"), ("groq", 498, "capacity_exceeded")):
        async with failing(provider, "flex_unavailable") as sim:
            refused = await post(sim, chat(**flex))
            assert (refused[0], orjson.loads(refused[2])["error"]["code"]) == (status, code)
            assert (await post(sim, chat(**{**flex, "service_tier": None})))[0] == 200


async def test_azure_has_two_addresses() -> None:
    """The classic one needs a version and the header `api-key`; a bearer token is told so."""
    async with served("azure") as sim, aiohttp.ClientSession() as session:
        root = sim.base_url.removesuffix("/v1")

        async def ask(query: str, **headers: str) -> tuple[int, dict[str, Any]]:
            url = f"{root}/deployments/mine/chat/completions{query}"
            body = {"messages": chat()["messages"]}
            async with session.post(url, json=body, headers=headers) as response:
                return response.status, await response.json()

        version = "?api-version=2024-10-21"
        status, answer = await ask(version, **{"api-key": "k"})
        assert (status, answer["model"]) == (200, "mine")
        assert await ask("", **{"api-key": "k"}) == (
            404,
            {"error": {"code": "404", "message": "Resource not found"}},
        )
        assert "invalid subscription key" in (await ask(version, Authorization="Bearer k"))[1]["error"]["message"]
        assert (await ask(version))[0] == 401


async def test_azure_filters_and_limits(post: Post) -> None:
    """A 400 with an inner error, a 200 without choices or without content; -1 for a limit that is not set."""
    async with failing("azure", "bad_request") as sim:
        status, _, text = await post(sim, chat())
        error = orjson.loads(text)["error"]
        assert (status, error["code"], error["type"]) == (400, "content_filter", None)
        assert error["innererror"]["code"] == "ResponsibleAIPolicyViolation"
        assert NOTE[:20] not in text
    async with failing("azure", "no_choices") as sim:
        answer = orjson.loads((await post(sim, chat()))[2])
        assert answer["choices"] == []
        assert answer["prompt_filter_results"][0]["content_filter_results"]["violence"]["filtered"]
    async with failing("azure", "filter") as sim:
        choice = orjson.loads((await post(sim, chat()))[2])["choices"][0]
        assert (choice["finish_reason"], choice["message"]) == ("content_filter", {"role": "assistant"})
    async with served("azure", limits=Limits(rpm=1)) as sim:
        _, headers, _ = await post(sim, chat())
        assert headers["x-ratelimit-limit-requests"] == "1"
        assert headers["x-ratelimit-remaining-tokens"] == "-1"
        status, headers, text = await post(sim, chat())
        assert (status, orjson.loads(text)["error"]["code"]) == (429, "429")
        assert "exceeded call rate limit" in text
        assert 1 <= int(headers["retry-after"]) <= 60


async def test_mistral_forbids_extra_fields(post: Post) -> None:
    """All of them at once, each with its place; a limit says no time to wait, and its headers have other names."""
    async with served("mistral", limits=Limits(rpm=1)) as sim:
        status, _, text = await post(sim, chat(max_tokens=None, max_completion_tokens=9, seed=1))
        detail = orjson.loads(text)["message"]["detail"]
        assert status == 422
        assert [(one["type"], one["loc"]) for one in detail] == [
            ("extra_forbidden", ["body", "max_completion_tokens"]),
            ("extra_forbidden", ["body", "seed"]),
        ]
        _, headers, _ = await post(sim, chat(temperature=0.5))
        assert headers["x-ratelimit-remaining-req-minute"] == "0"
        status, headers, text = await post(sim, chat())
        assert (status, orjson.loads(text)["code"]) == (429, "1300")
        assert "retry-after" not in headers


async def test_openrouter_puts_comments_and_errors_into_its_200s(post: Post) -> None:
    """Comment lines stand before the JSON; an error inside has the status of a refusal as its code."""
    async with failing("openrouter", "error_in_200") as sim:
        status, _, text = await post(sim, chat())
        error = orjson.loads(text)["error"]
        assert (status, error["code"]) == (200, 429)
        assert "retry" in error["metadata"]["raw"]
    async with served("openrouter", limits=Limits(rpd=1)) as sim:
        status, headers, text = await post(sim, chat(model="openai/gpt-6-luna", temperature=0.3, foo=1))
        assert (status, text.startswith(": OPENROUTER PROCESSING\n\n")) == (200, True)
        assert not any("ratelimit" in name.lower() for name in headers)
        status, headers, text = await post(sim, chat())
        error = orjson.loads(text)["error"]
        assert (status, error["code"]) == (429, 429)
        assert "free-models-per-day" in error["message"]
        assert error["metadata"]["headers"]["X-RateLimit-Reset"] == headers["X-RateLimit-Reset"]
        assert 86_000 < int(headers["X-RateLimit-Reset"]) / 1000 - time.time() < 86_500


async def test_vllm_refuses_what_its_context_does_not_hold(post: Post, get: Get) -> None:
    """Prompt and limit together; the type is an exception's name, and there is no look-up of a model."""
    async with served("vllm", models=Models(context=500)) as sim:
        status, _, text = await post(sim, chat())
        error = orjson.loads(text)["error"]
        assert (status, error["type"], error["code"]) == (400, "BadRequestError", 400)
        assert error["message"].startswith("This model's maximum context length is 500 tokens.")
        assert (await post(sim, chat(max_tokens=300, top_k=5)))[0] == 200
        assert (await post(sim, chat(max_tokens=300, reasoning_effort="hard")))[0] == 400
        assert await get(sim, "/models/Qwen/Qwen3-8B") == (404, {"detail": "Not Found"})
        system = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Hi"}]
        of_gemma = {"model": "google/gemma-2-9b-it", "max_tokens": 100}
        status, _, text = await post(sim, chat(messages=system, **of_gemma))
        assert (status, orjson.loads(text)["error"]["message"]) == (400, "System role not supported")
        assert (await post(sim, chat(messages=system[1:], **of_gemma)))[0] == 200


async def test_ollama_cuts_a_long_prompt_in_silence(post: Post) -> None:
    """The usage never counts more than the context; a queue that is full is a 503."""
    async with served("ollama", models=Models(context=100)) as sim:
        status, _, text = await post(sim, chat(NOTE * 20))
        answer = orjson.loads(text)
        assert (status, answer["usage"]["prompt_tokens"]) == (200, 100)
        assert len(answer["choices"][0]["message"]["content"]) < len(NOTE) * 10
    async with failing("ollama", "overloaded") as sim:
        status, _, text = await post(sim, chat())
        assert (status, orjson.loads(text)["error"]["type"]) == (503, "api_error")


async def test_lm_studio_errors_are_texts(post: Post, get: Get) -> None:
    """No `json_object`, and a path that it does not know is an error in a 200."""
    async with served("lm-studio") as sim:
        status, _, text = await post(sim, chat(**JSON_OBJECT))
        assert (status, orjson.loads(text)) == (
            400,
            {"error": "'response_format.type' must be 'json_schema' or 'text'"},
        )
        status, body = await get(sim, "/models/x")
        assert (status, body["error"]) == (200, "Unexpected endpoint or method. (GET /v1/models/x)")


async def test_groq_counts_requests_by_the_day(post: Post) -> None:
    """Unknown fields are unsupported properties, broken JSON is not sent, and too large a request is a 413."""
    async with served("groq", limits=Limits(rpm=100, rpd=86_400, tpm=1000)) as sim:
        _, headers, text = await post(sim, chat())
        assert headers["x-ratelimit-limit-requests"] == "86400"
        assert re.fullmatch(r"1s|9\d\dms", headers["x-ratelimit-reset-requests"])  # by a real clock
        assert "retry-after" not in headers
        assert orjson.loads(text)["x_groq"]["id"]
        status, headers, _ = await post(sim, chat(max_tokens=900))
        assert (status, "retry-after-ms" in headers) == (429, False)
        assert 0 < int(headers["retry-after"]) <= 60
        assert (await post(sim, chat(max_tokens=1001)))[0] == 413
        _, _, text = await post(sim, chat(verbosity="low"))
        assert orjson.loads(text) == {
            "error": {"message": "property 'verbosity' is unsupported", "type": "invalid_request_error"}
        }
        _, _, text = await post(sim, chat(model="qwen/qwen3-32b", reasoning_effort="low"))
        assert "must be one of `none` or `default`" in text
    async with failing("groq", "bad_answer_json") as sim:
        status, _, text = await post(sim, chat(**JSON_OBJECT))
        error = orjson.loads(text)["error"]
        assert (status, error["code"]) == (400, "json_validate_failed")
        assert NOTE[-20:] in error["failed_generation"]
        assert (await post(sim, chat()))[0] == 200


async def test_gemini_errors_are_lists(post: Post) -> None:
    """Wait and quota stand inside; unknown fields are named one by one; a refused key is a 400."""
    async with served("gemini", limits=Limits(rpm=100, rpd=1)) as sim:
        status, _, text = await post(sim, chat(seed=1, top_k=2))
        [body] = orjson.loads(text)
        assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
        violations = body["error"]["details"][0]["fieldViolations"]
        assert ['"seed"' in violations[0]["description"], '"top_k"' in violations[1]["description"]] == [True] * 2
        assert (await post(sim, chat()))[0] == 200
        status, headers, text = await post(sim, chat())
        [body] = orjson.loads(text)
        quota, retry = body["error"]["details"]
        assert (status, body["error"]["status"]) == (429, "RESOURCE_EXHAUSTED")
        assert "PerDay" in quota["violations"][0]["quotaId"]
        assert retry["retryDelay"] == "60s"
        assert not {"retry-after", "x-ratelimit-limit-requests"} & {name.lower() for name in headers}
    async with served("gemini", faults=Faults(auth_after=1)) as sim:
        assert (await post(sim, chat()))[0] == 400


async def test_a_gateway_refuses_without_a_word(post: Post) -> None:
    """Neither headers nor body tell of a limit, or for how long to wait."""
    async with served("gateway", limits=Limits(rpm=60, burst_s=1)) as sim:
        answers = [await post(sim, chat()) for _ in range(2)]
    assert [status for status, _, _ in answers] == [200, 429]
    assert "<h1>429 Too Many Requests</h1>" in answers[1][2]
    for _, headers, _ in answers:
        assert not [name for name in headers if name.lower().startswith(("x-ratelimit", "retry-after"))]


@pytest.mark.parametrize("provider", PROVIDER_NAMES)
@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "overloaded", "bad_request", "context_length"])
async def test_every_error_has_the_shape_of_its_provider(post: Post, provider: str, kind: str) -> None:
    """Whatever fails, the body is JSON with the fields that the provider always has."""
    async with failing(provider, kind) as sim:
        status, _, text = await post(sim, chat(model="my-own"))
    body = orjson.loads(text)
    assert status >= 400
    match provider:
        case "gemini":
            assert body[0]["error"]["code"] == status
        case "mistral":
            assert body["raw_status_code"] == status
        case "lm-studio":
            assert isinstance(body["error"], str)
        case _:
            assert isinstance(body["error"]["message"], str)


@pytest.mark.parametrize("provider", PROVIDER_NAMES)
@pytest.mark.parametrize("what", ["auth", "quota"])
async def test_every_provider_can_end_the_account(post: Post, provider: str, what: str) -> None:
    """A refused key and a spent quota are errors of all of them, never answers."""
    async with served(provider, faults=Faults(**{f"{what}_after": 1})) as sim:
        status, _, text = await post(sim, chat(model="my-own"))
    assert status in ({400, 401} if what == "auth" else {402, 429})
    orjson.loads(text)
