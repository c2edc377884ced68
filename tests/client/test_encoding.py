"""Requests as they go over the wire: put together of parts, and the same bytes as if encoded as a whole."""

import json
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asyncgen.chat import ChatMessage, ChatRequest, ResponseSchema, Sampling, WholeBody
from asyncgen.client.encoding import MOST_FRAMES, Encoder
from asyncgen.recipes.batch_line import parse_line

text = st.text() | st.sampled_from(['{"role":"user","content":""}', '"}],"', "\\", "\u2028", "é\n"])


@given(
    texts=st.lists(st.tuples(text, text), min_size=1, max_size=5),
    schema=st.sampled_from([None, {"type": "object"}, {"type": "object", "properties": {}}]),
    json_object=st.booleans(),
    seeds=st.lists(st.none() | st.integers(1, 3), min_size=5, max_size=5),
    before=st.lists(st.builds(ChatMessage, st.sampled_from(["user", "assistant"]), text), max_size=3),
)
def test_the_body_says_what_was_asked_whatever_the_texts_hold(
    texts: list[tuple[str, str]],
    schema: dict[str, object] | None,
    *,
    json_object: bool,
    seeds: list[int | None],
    before: list[ChatMessage],
) -> None:
    """One encoder for all of them, and its hash is that of the bytes."""
    encoder = Encoder("gpt-4o", "max_tokens")
    for (system, user), seed in zip(texts, seeds, strict=False):
        described = None if schema is None else ResponseSchema("step", schema)
        request = ChatRequest(
            system, user, Sampling(0.7, 0.9, 100), json_object, (), described, seed, before=tuple(before)
        )
        prepared = encoder.prepare("step", request)
        body = json.loads(prepared.body)
        messages = [{"role": "system", "content": system}] if system else []
        messages += [{"role": turn.role, "content": turn.content} for turn in before]
        assert body["messages"] == [*messages, {"role": "user", "content": user}]
        assert request.characters == sum(len(message["content"]) for message in body["messages"])
        assert (body["model"], body["temperature"], body["top_p"], body["max_tokens"]) == ("gpt-4o", 0.7, 0.9, 100)
        assert body.get("seed") == seed
        kind = "json_schema" if schema is not None else "json_object" if json_object else None
        assert body.get("response_format", {}).get("type") == kind
        if schema is not None:
            assert body["response_format"]["json_schema"] == {"name": "step", "strict": True, "schema": schema}
        assert prepared.hash == blake2b(prepared.body, digest_size=16).hexdigest()


def test_system_prompts_that_always_differ_are_not_kept_for_ever() -> None:
    """The memory of a run does not grow with its pairs."""
    encoder = Encoder("gpt-4o", "max_tokens")
    for number in range(10 * MOST_FRAMES):
        encoder.prepare("step", ChatRequest(f"system {number}", "user", Sampling(0.7, 0.9, 100)))
    assert len(encoder._frames) <= MOST_FRAMES


@pytest.mark.parametrize(
    ("recipe", "more", "limit"),
    [
        (50, {"max_completion_tokens": 3000}, 3000),
        (3000, {"max_completion_tokens": 50}, 3000),
        (50, {"extra_body": {"max_tokens": 3000}}, 3000),
        (3000, {"extra_body": {"max_tokens": 50}}, 50),
        (50, {"extra_body": {"max_completion_tokens": 3000.0}}, 3000),
        (None, {"max_completion_tokens": 3000}, 3000),
        (50, {}, 50),
        (None, {}, None),
    ],
)
def test_the_largest_limit_in_a_request_is_reserved(recipe: int | None, more: dict, limit: int | None) -> None:
    """Users may set it under its other name too, and then servers differ in which they obey."""
    encoder = Encoder("gpt-4o", "max_tokens", longest_answer=9000)
    fields = tuple((name, json.dumps(value)) for name, value in more.items())
    prepared = encoder.prepare("step", ChatRequest("", "user", Sampling(None, None, recipe, fields)))
    most = 9000 if limit is None else limit
    assert (prepared.limit, prepared.most.completion_tokens) == (limit, most)
    assert prepared.tokens == max(limit or 0, len("user") // 4)


@pytest.mark.parametrize("user", ["", "cat", "cats"])
def test_a_request_of_a_few_letters_is_charged_a_token(user: str) -> None:
    """A rate of tokens is divided by it."""
    request = ChatRequest("", user, Sampling(None, None, None))
    assert Encoder("m", "max_tokens").prepare("s", request).tokens == 1


def test_a_request_with_more_room_has_twice_its_largest_limit() -> None:
    """Under both of its names, for servers differ in which they obey; and that is what is reserved then."""
    encoder = Encoder("gpt-4o", "max_tokens")
    sampling = Sampling(None, None, 50, (("max_completion_tokens", "3000"),))
    prepared = encoder.prepare("step", ChatRequest("", "user", sampling))
    wider = encoder.with_limit(prepared, 6000)
    sent = json.loads(wider.body)
    assert sent["max_tokens"] == sent["max_completion_tokens"] == wider.most.completion_tokens == 6000


@pytest.mark.parametrize("more", [("reasoning", '{"max_tokens":400}'), ("extra_body", '{"a":{"max_tokens":400}}')])
def test_a_limit_inside_another_field_is_not_the_answers(more: tuple[str, str]) -> None:
    """Of the thinking, say, or a property of the schema: all but the limit itself is sent as before."""
    encoder = Encoder("gpt-4o", "max_completion_tokens")
    properties = {"max_tokens": {"type": "integer", "minimum": 1}}
    schema = ResponseSchema("s", {"type": "object", "properties": properties})
    sampling = Sampling(0.5, None, 1000, (more,))
    prepared = encoder.prepare("step", ChatRequest("system", "user ]", sampling, response_schema=schema))
    wider = encoder.with_limit(prepared, 2000)
    assert prepared.body.count(b":1000") == 1
    assert wider.body == prepared.body.replace(b":1000", b":2000")
    assert (wider.hash, wider.fields_at) == (prepared.hash, prepared.fields_at)


@pytest.mark.parametrize("limits", [{"max_tokens": 3000, "max_completion_tokens": 50}, {"max_tokens": 3000.0}])
def test_the_largest_limit_of_a_ready_made_request_is_reserved(limits: dict[str, float]) -> None:
    """Of a line of a batch file."""
    line = parse_line({"messages": [{"role": "user", "content": "How are you?"}], **limits}, "gpt-4o")
    request = ChatRequest("", "", Sampling(None, None, line.body.limit), whole=WholeBody(line.data))
    assert Encoder("gpt-4o", "max_tokens").prepare("step", request).most.completion_tokens == 3000


@pytest.mark.parametrize("own", [0, 7, -7, -(2**63), 2**63 - 1, 2**63, 2**64 - 1])
def test_seeds_of_other_answers_differ_and_are_no_larger_than_servers_take(own: int) -> None:
    """Whatever the user's own: from the largest on they begin at 0 again."""
    encoder = Encoder("gpt-4o", "max_tokens")
    sampling = Sampling(None, None, 50, (("seed", str(own)),))
    requests = [
        ChatRequest("", "user", sampling, seed=number) for number in (None, 1, 1_000, 1_000_000, 2_000_001)
    ]
    seeds = [json.loads(encoder.prepare("step", request).body)["seed"] for request in requests]
    assert seeds[0] == own
    assert len(set(seeds)) == len(seeds)
    assert all(-(2**63) <= seed < (2**63 if own < 2**63 else 2**64) for seed in seeds)
