"""The server over real loopback connections: what clients see, and that it stops at once."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import aiohttp
import orjson
import pytest

from asyncgen.simulator import Faults, Latency, Limits, Profile, Simulator, Storm, Thinking
from asyncgen.simulator.buckets import RateLimits

from .helpers import NOTE, Post, chat

AT_ONCE = Latency(median_s=0.0)


def fast(**tables: Any) -> Simulator:
    """A simulator without latency."""
    return Simulator(Profile(latency=AT_ONCE, **tables))


def content(text: str) -> str:
    """What an answer says."""
    return orjson.loads(text)["choices"][0]["message"]["content"]


async def until(condition: Callable[[], bool]) -> None:
    """Give the server up to a second to come to this."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.001)
    pytest.fail("the server did not come to it within a second")


async def test_an_answer_has_the_shape_of_the_api(post: Post) -> None:
    """Fields, usage, headers and request ids are those of the real thing."""
    async with fast() as sim:
        status, headers, text = await post(sim, chat())
        _, again, _ = await post(sim, chat())
    answer = orjson.loads(text)
    assert status == 200
    assert answer["object"] == "chat.completion"
    assert answer["model"] == "gpt-4o"
    choice = answer["choices"][0]
    assert choice["finish_reason"] == "stop"
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["refusal"] is None
    assert choice["message"]["content"] != NOTE
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert headers["x-request-id"] != again["x-request-id"]
    assert not any(name.lower().startswith("x-ratelimit") for name in headers)


async def test_answers_depend_on_the_body_alone(post: Post) -> None:
    """Two servers of different seeds, asked in other orders at once, answer the same."""
    bodies = [chat(f"{NOTE} It shows {index} mg.") for index in range(20)]
    async with fast(seed=1) as one, fast(seed=2) as other:
        first = [content((await post(one, body))[2]) for body in bodies]
        answers = await asyncio.gather(*(post(other, body) for body in reversed(bodies)))
    assert [content(text) for _, _, text in reversed(answers)] == first


async def test_errors_have_status_body_and_headers_of_the_api(post: Post) -> None:
    """Each fault that answers with an error sends its status, type and code."""
    expected = {
        "rate_limit": (429, "requests", "rate_limit_exceeded"),
        "server_error": (500, "server_error", None),
        "overloaded": (503, "server_error", "server_is_overloaded"),
        "bad_request": (400, "invalid_request_error", "invalid_prompt"),
        "context_length": (400, "invalid_request_error", "context_length_exceeded"),
    }
    for kind, (status, error_type, code) in expected.items():
        async with fast(faults=Faults(**{kind: 1.0})) as sim:
            got, headers, text = await post(sim, chat())
            error = orjson.loads(text)["error"]
            assert (got, error["type"], error["code"]) == (status, error_type, code)
            assert ("retry-after-ms" in headers) == (kind == "rate_limit")
            assert sim.counts.as_dict()["faults"] == {kind: 1}
            assert sim.counts.answers == 0


async def test_a_proxy_error_is_html(post: Post) -> None:
    """The 502 has a body that no JSON parser takes."""
    async with fast(faults=Faults(html_error=1.0)) as sim:
        status, headers, text = await post(sim, chat())
    assert status == 502
    assert headers["Content-Type"] == "text/html"
    assert text.startswith("<html>")


async def test_a_bad_request_quotes_the_note(post: Post) -> None:
    """The message holds text of the user's, so that clients that print it are found out."""
    async with fast(faults=Faults(bad_request=1.0)) as sim:
        _, _, text = await post(sim, chat())
    assert "left lower lung" in orjson.loads(text)["error"]["message"]


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("empty", ("", None, "stop")),
        ("length", (NOTE[:40], None, "length")),
        ("filter", (NOTE[:40], None, "content_filter")),
        ("refusal", (None, "I'm sorry, but I can't assist with that request.", "stop")),
    ],
)
async def test_answers_can_be_spoiled(post: Post, kind: str, expected: tuple[str | None, str | None, str]) -> None:
    """Empty, cut, filtered and refused answers come with status 200 and count as no answer."""
    async with fast(faults=Faults(**{kind: 1.0})) as sim:
        status, _, text = await post(sim, chat(f"{NOTE[:40]} {'x ' * 40}It shows."))
        assert sim.counts.answers == 0
    choice = orjson.loads(text)["choices"][0]
    got = choice["message"]["content"]
    assert status == 200
    assert (got and got[:40], choice["message"]["refusal"], choice["finish_reason"]) == expected


async def test_bodies_can_be_spoiled(post: Post) -> None:
    """No choices, an error in a 200, and a body that is not JSON."""
    async with fast(faults=Faults(no_choices=1.0)) as sim:
        assert orjson.loads((await post(sim, chat()))[2])["choices"] == []
    async with fast(faults=Faults(error_in_200=1.0)) as sim:
        status, _, text = await post(sim, chat())
        assert status == 200
        assert orjson.loads(text)["error"]["type"] == "server_error"
        assert sim.counts.as_dict()["total_tokens"] == 0
    async with fast(faults=Faults(bad_json=1.0)) as sim:
        status, _, text = await post(sim, chat())
        assert status == 200
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(text)


async def test_json_answers_can_be_broken_and_others_not(post: Post) -> None:
    """The fault hits what was asked as JSON, and is not counted where text was asked."""
    async with fast(faults=Faults(bad_answer_json=1.0)) as sim:
        _, _, text = await post(sim, chat(response_format={"type": "json_object"}))
        with pytest.raises(orjson.JSONDecodeError):
            orjson.loads(content(text))
        _, _, text = await post(sim, chat())
        assert content(text)
        assert sim.counts.faults == {"bad_answer_json": 1}
        assert sim.counts.answers == 1


async def test_connections_can_be_cut(post: Post) -> None:
    """Dropped before a byte, or in the middle of the body, and the server goes on."""
    async with fast(faults=Faults(drop=1.0, once=True)) as sim:
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await post(sim, chat())
        assert (await post(sim, chat()))[0] == 200
    async with fast(faults=Faults(reset_body=1.0, once=True)) as sim:
        with pytest.raises(aiohttp.ClientPayloadError):
            await post(sim, chat())
        assert (await post(sim, chat()))[0] == 200
        assert sim.counts.answers == 1


@pytest.mark.parametrize("kind", ["hang", "drip"])
async def test_hanging_ends_when_the_client_leaves(post: Post, kind: str) -> None:
    """Nobody is answered, and the server forgets who left."""
    async with fast(faults=Faults(**{kind: 1.0})) as sim:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.03):
                await post(sim, chat())
        await until(lambda: sim.counts.in_flight == 0)
        assert sim.counts.abandoned == 1


async def test_stopping_ends_hanging_connections_at_once(post: Post) -> None:
    """The end of the context waits for nobody, or the test would take longer than a test may."""
    async with fast(faults=Faults(hang=1.0)) as sim:
        waiting = [asyncio.ensure_future(post(sim, chat())) for _ in range(5)]
        await until(lambda: sim.counts.in_flight == 5)
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(end, aiohttp.ClientError) for end in ends)


async def test_limits_refuse_and_say_until_when(post: Post) -> None:
    """Above the limit comes a 429 with its numbers, and every answer carries the headers."""
    async with fast(limits=Limits(rpm=2, tpm=1000)) as sim:
        first = await post(sim, chat())
        await post(sim, chat())
        status, headers, text = await post(sim, chat())
        assert sim.counts.as_dict()["refused"] == {"requests": 1}
    assert first[1]["x-ratelimit-remaining-requests"] == "1"
    assert 500 <= int(first[1]["x-ratelimit-remaining-tokens"]) <= 510
    assert status == 429
    error = orjson.loads(text)["error"]
    assert (error["type"], error["code"], error["param"]) == ("requests", "rate_limit_exceeded", None)
    assert re.search(r"for gpt-4o .*Limit 2, Used 2, Requested 1\. Please try again in 30s\.", error["message"])
    assert headers["retry-after"] == "30"
    assert 29_900 <= int(headers["retry-after-ms"]) <= 30_000
    assert headers["x-ratelimit-remaining-requests"] == "0"


async def test_too_large_a_request_is_told_so(post: Post) -> None:
    """A request above the tokens of a minute gets a 429 without a time to come back."""
    async with fast(limits=Limits(tpm=400)) as sim:
        status, headers, text = await post(sim, chat())
    error = orjson.loads(text)["error"]
    assert status == 429
    assert (error["type"], error["code"]) == ("tokens", "rate_limit_exceeded")
    assert error["message"].startswith("Request too large for gpt-4o")
    assert "retry-after" not in headers


async def test_unused_tokens_come_back_where_the_profile_says_so(post: Post) -> None:
    """With `refund` the bucket is charged what was used."""
    async with fast(limits=Limits(tpm=600, refund=True)) as sim:
        _, headers, text = await post(sim, chat())
    used = orjson.loads(text)["usage"]["total_tokens"]
    assert 0 <= int(headers["x-ratelimit-remaining-tokens"]) - (600 - used) <= 5


async def test_faults_do_not_depend_on_the_limits_in_the_way(post: Post) -> None:
    """An attempt that a limit refused does not use up the fault of the first attempt."""
    async with fast(limits=Limits(rpm=1), faults=Faults(server_error=1.0, once=True)) as sim:
        statuses = [(await post(sim, chat()))[0], (await post(sim, chat("It shows A.")))[0]]
        sim._limits = RateLimits(Limits())  # as if time had passed
        statuses.append((await post(sim, chat("It shows A.")))[0])
    assert statuses == [500, 429, 500]


async def test_the_account_can_end(post: Post) -> None:
    """A spent quota and a refused key come from the N-th request on."""
    async with fast(faults=Faults(quota_after=2, auth_after=3)) as sim:
        answers = [await post(sim, chat()) for _ in range(3)]
    assert [status for status, _, _ in answers] == [200, 429, 401]
    errors = [orjson.loads(text)["error"] for _, _, text in answers[1:]]
    assert (errors[0]["type"], errors[0]["code"]) == ("insufficient_quota", "insufficient_quota")
    assert errors[1]["code"] == "invalid_api_key"


async def test_a_storm_passes(post: Post) -> None:
    """Inside the window all are refused with its wait, after it all are answered."""
    async with fast(storm=Storm(duration_s=0.05, retry_after_s=0.05)) as sim:
        status, headers, _ = await post(sim, chat())
        assert status == 429
        assert headers["retry-after-ms"] == "50"
        await asyncio.sleep(0.06)
        assert (await post(sim, chat()))[0] == 200
        assert sim.counts.refused == {"storm": 1}


async def test_slots_queue_silently(post: Post) -> None:
    """With one slot the answers come one after another, and all of them come."""
    profile = Profile(latency=Latency(median_s=0.01, sigma=0.0), limits=Limits(slots=1))
    async with Simulator(profile) as sim:
        began = time.perf_counter()
        answers = await asyncio.gather(*(post(sim, chat()) for _ in range(4)))
        assert time.perf_counter() - began >= 0.04
    assert [status for status, _, _ in answers] == [200] * 4


async def test_a_full_queue_is_overload(post: Post) -> None:
    """One is worked on and one waits; the third is refused, and a later one passes."""
    profile = Profile(latency=Latency(median_s=0.01, sigma=0.0), limits=Limits(slots=1, queue=1))
    async with Simulator(profile) as sim:
        answers = await asyncio.gather(*(post(sim, chat()) for _ in range(3)))
        assert sorted(status for status, _, _ in answers) == [200, 200, 503]
        assert sim.counts.refused == {"queue": 1}
        assert (await post(sim, chat()))[0] == 200


async def test_thoughts_come_with_the_answer(post: Post) -> None:
    """Before the answer, or in a field beside it, for a model that is none of OpenAI's."""
    async with fast(thinking=Thinking(style="tags")) as sim:
        assert content((await post(sim, chat(model="qwen3")))[2]).startswith("<think>\n")
    async with fast(thinking=Thinking(style="reasoning_content")) as sim:
        answer = orjson.loads((await post(sim, chat(model="qwen3")))[2])
        assert answer["choices"][0]["message"]["reasoning_content"]
        assert answer["usage"]["completion_tokens_details"]["reasoning_tokens"] > 0
        cut = orjson.loads((await post(sim, chat(model="qwen3", max_tokens=5)))[2])["choices"][0]
        assert (cut["message"]["content"], cut["finish_reason"]) == (None, "length")


async def test_a_storm_of_flex_passes_other_tiers(post: Post) -> None:
    """Only requests that ask for flex are refused, and counted as such."""
    async with fast(storm=Storm(duration_s=60.0, kind="flex_unavailable", retry_after_s=0.0)) as sim:
        fields = {"model": "gpt-6-luna", "max_tokens": None}
        status, headers, _ = await post(sim, chat(**fields, service_tier="flex"))
        assert (status, "retry-after" in headers) == (429, False)
        assert (await post(sim, chat(**fields)))[0] == 200
        assert sim.counts.refused == {"storm": 1}


async def test_counts_tell_what_was_paid_twice(post: Post) -> None:
    """Requests, distinct bodies, repeats and tokens add up, over HTTP as well."""
    async with fast() as sim:
        for body in (chat(), chat(), chat("It shows A.")):
            await post(sim, body)
        root = sim.base_url.removesuffix("/v1")
        async with aiohttp.ClientSession() as session, session.get(f"{root}/sim/counts") as response:
            counts = await response.json()
    assert counts == sim.counts.as_dict()
    assert counts["requests"] == counts["answers"] == 3
    assert counts["distinct_requests"] == 2
    assert counts["max_attempts"] == 2
    assert counts["answered_again"] == 1
    assert counts["status"] == {"200": 3}
    assert counts["total_tokens"] == counts["prompt_tokens"] + counts["completion_tokens"] > 0


async def test_other_routes(post: Post) -> None:
    """Models are listed, anything else is the API's 404, a malformed body its 400."""
    async with fast() as sim, aiohttp.ClientSession() as session:
        async with session.get(f"{sim.base_url}/models") as response:
            assert "gpt-4o" in [model["id"] for model in (await response.json())["data"]]
        async with session.get(f"{sim.base_url}/nothing") as response:
            assert response.status == 404
            assert (await response.json())["error"]["type"] == "invalid_request_error"
        assert (await post(sim, {"model": "gpt-4o"}))[0] == 400
        assert sim.counts.requests == 1


async def test_a_taken_port_is_an_error() -> None:
    """Two servers cannot have the same port; the first goes on."""
    async with fast() as sim:
        port = int(sim.base_url.split(":")[2].removesuffix("/v1"))
        with pytest.raises(OSError, match="address already in use"):
            await Simulator(Profile(), port=port).__aenter__()


def test_the_rest_of_the_program_is_not_imported() -> None:
    """The simulator stands alone: importing it brings no other room of the package, and no client library."""
    code = (
        "import sys; before = {'asyncgen', *sys.modules}; import asyncgen; base = {*sys.modules};"
        "import asyncgen.simulator; new = {*sys.modules} - base - before;"
        "print([n for n in new if n == 'openai' or n.startswith('asyncgen.') and 'simulator' not in n])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
