"""Requests of a batch file: what is a line, what is sent, and what is written for it."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletion

from asyncgen.client import scripted_wire
from asyncgen.client.answer_body import judge_answer
from asyncgen.client.classify import Failure, judge_error
from asyncgen.client.encoding import Prepared
from asyncgen.config import REQUESTS, EndpointConfig, RunConfig
from asyncgen.engine.single_run import Run, Summary
from asyncgen.errors import BadDataError, UsageError
from asyncgen.recipes import build
from asyncgen.recipes.batch_line import first_model, parse_line
from asyncgen.recipes.batch_requests import RESPONSES_FILE
from asyncgen.rows import BadFieldError
from asyncgen.storage.disk import Disk

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats(allow_nan=False) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["role", "content", "type", "text"]), inner, max_size=3)
    ),
    max_leaves=8,
)
PART = st.fixed_dictionaries({"type": st.sampled_from(["text", "refusal", "image_url"])}, optional={"text": JSON})
MESSAGES = st.lists(st.fixed_dictionaries({"content": st.lists(JSON | PART, max_size=3) | JSON}), max_size=2)
ASKED = [{"role": "user", "content": "How are you?"}]
BODY = {"model": "m", "messages": ASKED}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"dose": 5}'}}
LOGPROBS = {"content": [{"token": "Well", "logprob": -0.25, "bytes": [87], "top_logprobs": []}], "refusal": None}


def line(custom_id: str, **changes: Any) -> dict[str, Any]:
    """A line as the Batch API wants it."""
    batch = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": BODY}
    return batch | changes


def answer(message: dict[str, Any], finish_reason: str = "stop", **choice: Any) -> bytes:
    """The body of an answer, with what servers add of their own."""
    first = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason, **choice}
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 4},
        "completion_tokens_details": {"reasoning_tokens": 2},
        "total_time": 0.25,
    }
    return orjson.dumps(
        {
            "id": "chatcmpl-of-the-server",
            "object": "chat.completion",
            "created": 1_800_000_000,
            "model": "m-2026",
            "choices": [first],
            "usage": usage,
            "system_fingerprint": "fp",
            "service_tier": "default",
        }
    )


class Batch:
    """A file of requests, and a server that answers by a function of the body."""

    def __init__(self, directory: Path, disk: Disk) -> None:
        self.directory = directory
        self.sent: list[bytes] = []
        self.server: Callable[[dict[str, Any]], bytes | Failure] = lambda _: answer({"content": "Well."})
        self._disk = disk

    def write(self, *lines: dict[str, Any]) -> None:
        """Write the input."""
        (self.directory / "batch.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))

    async def run(self, model: str = "m", **settings: Any) -> Summary:
        """Ask what is not answered yet."""
        config = RunConfig(
            input_jsonl=self.directory / "batch.jsonl",
            output_dir=self.directory / "out",
            recipe=REQUESTS,
            model=model,
            endpoints=(EndpointConfig(concurrency=4),),
            **settings,
        )
        open_wire = scripted_wire.ScriptedWire
        return await Run(
            config, build(config), [], self._disk, open_wire=lambda _: open_wire(self._answer)
        ).execute()

    @property
    def output(self) -> list[dict[str, Any]]:
        """What was written."""
        return [json.loads(one) for one in (self.directory / "out" / RESPONSES_FILE).read_text().splitlines()]

    async def _answer(self, request: Prepared) -> Any:
        self.sent.append(request.body)
        said = self.server(orjson.loads(request.body))
        if isinstance(said, Failure):
            return said
        return judge_answer(said, {}, json_object=request.json_object, whole=request.whole, now=0.0)


@pytest.fixture
def batch(tmp_path: Path, disk: Disk) -> Batch:
    """An empty one."""
    return Batch(tmp_path, disk)


def refused(status: int, code: str, sentence: str = "") -> Failure:
    """A refusal in OpenAI's shape."""
    error = {"message": sentence, "type": "invalid_request_error", "param": "messages", "code": code}
    return judge_error(status, {}, {"error": error}, 0.0)


@pytest.mark.virtual_clock
async def test_the_body_is_sent_as_it_stands(batch):
    """Unknown fields, the order of all, and limits that a listed model calls otherwise."""
    body = {"zeta": {"b": [1, None], "a": "é\u2028"}, "max_tokens": 7, "temperature": 1, "messages": ASKED}
    batch.write(line("a", body={**body, "model": "gpt-6-luna"}), line("b", body=body))

    await batch.run("gpt-6-luna")

    assert [json.loads(sent) for sent in batch.sent] == [{**body, "model": "gpt-6-luna"}] * 2
    assert list(json.loads(batch.sent[0])) == ["zeta", "max_tokens", "temperature", "messages", "model"]


@pytest.mark.virtual_clock
async def test_a_line_has_what_the_batch_api_writes_and_nothing_that_differs_from_run_to_run(batch):
    """Ids are hashes; time, tier, fingerprint and cache are left out."""
    batch.write(line("a"))

    await batch.run()

    [written] = batch.output
    request = written["response"]["request_id"]
    assert written == {
        "id": written["id"],
        "custom_id": "a",
        "response": {
            "status_code": 200,
            "request_id": request,
            "body": {
                "id": f"chatcmpl-{request}",
                "object": "chat.completion",
                "created": 0,
                "model": "m-2026",
                "choices": [
                    {"index": 0, "message": {"role": "assistant", "content": "Well."}, "finish_reason": "stop"}
                ],
                "usage": {
                    "prompt_tokens": 9,
                    "completion_tokens": 5,
                    "total_tokens": 14,
                    "completion_tokens_details": {"reasoning_tokens": 2},
                },
            },
        },
        "error": None,
    }
    assert ChatCompletion.model_validate(written["response"]["body"]).choices[0].message.content == "Well."


@pytest.mark.virtual_clock
@pytest.mark.parametrize(
    ("message", "reason", "more"),
    [
        ({"content": None, "tool_calls": [CALL]}, "tool_calls", {}),
        ({"content": None, "refusal": "No."}, "stop", {}),
        ({"content": "<think>Hm.</think>Well.", "reasoning_content": "Hm."}, "stop", {}),
        ({"content": "Half of i"}, "length", {}),
        ({"content": "", "reasoning_content": "Hm, and hm"}, "length", {}),
        ({"content": "Well"}, "stop", {"logprobs": LOGPROBS}),
        ({"content": [{"type": "text", "text": "Well."}], "annotations": []}, "stop", {"stop_reason": None}),
        ({"content": "not JSON"}, "stop", {}),
    ],
    ids=["tools", "refusal", "thinking", "cut", "only-reasoning", "logprobs", "parts", "no-json"],
)
async def test_whatever_an_answer_says_comes_out_whole(batch, message, reason, more):
    """What is in it is the business of whoever made the request."""
    batch.server = lambda _: answer(message, reason, **more)
    batch.write(line("a", body={**BODY, "response_format": {"type": "json_object"}}))

    await batch.run()

    [written] = batch.output
    [choice] = written["response"]["body"]["choices"]
    assert choice == {
        "index": 0,
        "message": {"role": "assistant", **message},
        "finish_reason": reason,
        **more,
    }
    assert written["error"] is None


@pytest.mark.virtual_clock
async def test_equal_requests_have_ids_of_their_own(batch):
    """The request is the same, the line is not."""
    batch.write(line("a"), line("b"))

    await batch.run()

    first, second = batch.output
    assert first["id"] != second["id"]
    assert first["response"]["request_id"] == second["response"]["request_id"]


@pytest.mark.virtual_clock
async def test_a_request_that_failed_has_its_line_until_the_next_start_merges_the_answer(batch):
    """One line for each request, in order, at any time."""
    bodies = [{**BODY, "seed": number} for number in range(6)]
    batch.write(*(line(f"r{number}", body=body) for number, body in enumerate(bodies)))

    def fault(body: dict[str, Any]) -> bytes | Failure:
        if body["seed"] == 1:
            return refused(400, "context_length_exceeded", "You said: How are you?")
        if body["seed"] == 3:
            return answer({"content": None})
        if body["seed"] == 5:
            return answer({"content": "Half"}, "content_filter")
        return answer({"content": f"Well {body['seed']}."})

    batch.server = fault
    assert (await batch.run()).failed_pairs == 3
    before = batch.output
    assert [one["custom_id"] for one in before] == [f"r{number}" for number in range(6)]
    assert [(one["error"] or {}).get("code") for one in before] == [
        *(None, "context_length", None),
        *("empty", None, "content_filter"),
    ]
    message = "the server gave no answer: status 400, context_length_exceeded, param messages"
    assert before[1]["error"] == {"code": "context_length", "message": message}
    assert before[1]["response"]["status_code"] == 400
    assert before[1]["response"]["body"]["error"]["code"] == "context_length_exceeded"
    assert before[3]["response"] is before[5]["response"] is None

    batch.server = lambda body: fault({"seed": 1}) if body["seed"] == 3 else answer({"content": "At last."})
    batch.sent.clear()
    assert (await batch.run()).failed_pairs == 1
    after = batch.output
    assert sorted(json.loads(sent)["seed"] for sent in batch.sent) == [1, 3, 5]
    assert [(one["error"] or {}).get("code") for one in after] == [None] * 3 + ["context_length"] + [None] * 2
    assert [after[place] for place in (0, 2, 4)] == [before[place] for place in (0, 2, 4)]
    assert [one["id"] for one in after] == [one["id"] for one in before]

    batch.server = lambda _: answer({"content": "At last."})
    assert not (await batch.run()).failed_pairs
    assert all(one["error"] is None for one in batch.output)
    assert (await batch.run()).already_complete


@pytest.mark.virtual_clock
async def test_metadata_of_a_bare_request_is_not_sent_and_stands_beside_its_answer(batch):
    """As with the script that takes such lines; a request without a name is called by its number."""
    batch.write({**BODY, "metadata": {"row": 7}}, BODY, {**BODY, "custom_id": "c"})

    await batch.run()

    assert [json.loads(sent) for sent in batch.sent] == [BODY] * 3
    assert [one["custom_id"] for one in batch.output] == ["1", "2", "c"]
    assert [one.get("metadata") for one in batch.output] == [{"row": 7}, None, None]


@pytest.mark.virtual_clock
async def test_the_same_custom_id_twice_is_refused_before_anything_is_asked(batch):
    """Nobody could tell the answers apart."""
    batch.write(line("a"), line("b"), line("a"))

    with pytest.raises(BadDataError, match="same custom_id:\n  line 3: a is that of line 1"):
        await batch.run()

    assert not batch.sent
    assert not (batch.directory / "out").exists()


@pytest.mark.virtual_clock
async def test_several_models_in_one_file_are_refused_unless_one_is_named_for_all(batch):
    """A run asks one model, and the Batch API wants a file for each as well."""
    batch.write(line("a"), line("b", body={**BODY, "model": "other"}))

    with pytest.raises(BadDataError, match=r"several models \(m and other\)"):
        await batch.run()

    await batch.run("third", replace_model=True)
    assert [json.loads(sent)["model"] for sent in batch.sent] == ["third", "third"]


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        (line("a", body={**BODY, "stream": True}), "stream is set"),
        (line("a", body={**BODY, "n": 2}), "n is 2"),
        (line("a", body={"model": "m"}), "messages"),
        (line("a", body={"model": "m", "messages": []}), "messages"),
        (line("a", body=[]), "body is not a JSON object"),
        (line("a", body={**BODY, "model": 5}), "model"),
        (line("a", method="GET"), "method is not POST"),
        ({**line("a"), "custom_id": 5}, "custom_id is not text: write it in quotes"),
        ({**line("a"), "custom_id": " "}, "custom_id is blank"),
        (line("a", messages=ASKED), "both body and messages"),
        ({"model": "m", "input": "embed me"}, "neither body"),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_what_is_no_request_says_why(fields, why):
    """Its line is named by whoever reads the file."""
    with pytest.raises(BadFieldError, match=why):
        parse_line(fields, "m")


@pytest.mark.parametrize(
    "url", ["/v1/embeddings", "/v1/responses", "/v1/completions", "http://x/chat/completions"]
)
def test_a_request_for_another_part_of_the_api_is_a_bad_line(url):
    """Not the end of the file: the others may be asked without it."""
    with pytest.raises(BadFieldError, match=f"it is for {url}: only /v1/chat/completions"):
        parse_line(line("a", url=url), "m")


@pytest.mark.parametrize(
    "url",
    [
        "v1/chat/completions",
        "chat/completions",
        "/chat/completions",
        "/v1/chat/completions/",
        "/v4/chat/completions",
        "/openai/v1/chat/completions",
        "/v1beta/openai/chat/completions",
    ],
)
def test_a_chat_completion_is_known_by_any_path_to_it(url):
    """Providers differ in what stands before it, and whoever joins it to an address leaves the slash out."""
    assert parse_line(line("a", url=url), "m").note_id == "a"


def test_the_address_of_a_deployment_is_refused():
    """It names a model, and another one would be asked."""
    with pytest.raises(BadFieldError, match="it is for /openai/deployments/other/chat/completions"):
        parse_line(line("a", url="/openai/deployments/other/chat/completions"), "m")


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "custom_id": JSON,
            "method": JSON,
            "url": JSON,
            "metadata": JSON,
            "messages": JSON | MESSAGES,
            "body": JSON
            | st.dictionaries(st.sampled_from(["messages", "model", "n", "max_tokens", "stop"]), JSON)
            | st.fixed_dictionaries({"messages": MESSAGES}),
        },
    )
)
def test_any_line_is_a_request_or_says_why_not(fields: dict[str, Any]) -> None:
    """And whatever stands in a request, what is looked at in it is found."""
    try:
        found = parse_line(fields, "m")
    except BadFieldError:
        return
    assert isinstance(found.body.text + found.rewritten + found.model, str)
    contents = [one.get("content") for one in found.body.fields["messages"] if isinstance(one, dict)]
    parts = [part for content in contents if isinstance(content, list) for part in content]
    texts = [part for part in parts if isinstance(part, dict) and part.get("type") in ("text", "refusal")]
    assert found.body.attachments == len(parts) - len(texts)
    assert found.body.limit is None or found.body.limit > 0


def test_the_largest_limit_and_what_is_no_text_are_seen():
    """For planning and budgets: images cost what no text tells."""
    parts = [{"type": "text", "text": "See"}, {"type": "image_url", "image_url": {"url": "https://x/y.png"}}]
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": parts}]

    body = {"messages": messages, "max_completion_tokens": True, "max_tokens": 9}
    found = parse_line(line("a", body=body), "m")

    assert (found.body.text, found.rewritten) == ("Be brief.\nSee", "See")
    assert (found.body.attachments, found.body.limit, found.model) == (1, 9, "")
    assert found.size == len(found.data)


async def test_a_limit_beyond_all_whole_numbers_of_json_is_one_without_end(batch):
    """It is sent as it stands, and what the answer may cost is still a number that can be kept."""
    batch.write(line("a", body={"model": "m", "messages": ASKED, "max_tokens": 1e25}))

    assert (await batch.run()).failed_pairs == 0
    assert orjson.loads(batch.sent[0])["max_tokens"] == 1e25


def test_the_model_of_a_file_is_the_first_that_it_names(tmp_path):
    """Lines that cannot be read name none, and so does a file that is not there."""
    path = tmp_path / "batch.jsonl"
    path.write_text(f"nonsense\n[]\n{json.dumps({'messages': ASKED})}\n{json.dumps(line('a'))}\n")

    assert first_model(path) == "m"
    assert not first_model(tmp_path / "missing.jsonl")


def test_the_model_of_a_compressed_file_is_seen_too(tmp_path):
    """Also in a last line that nothing ends; a file of something else names none, and its first lines say so."""
    packed, other = tmp_path / "batch.jsonl.gz", tmp_path / "other.jsonl"
    packed.write_bytes(gzip.compress(json.dumps(line("a")).encode()))
    other.write_text("{}\n" * 200 + json.dumps(line("a")) + "\n")

    assert first_model(packed) == "m"
    assert not first_model(other)


@pytest.mark.parametrize(
    "setting",
    [{"prompt_file": Path("p.json")}, {"add_reasoning": True}, {"params": {"seed": 1}}, {"fields": (("a", "b"),)}],
    ids=lambda setting: next(iter(setting)),
)
def test_what_would_change_a_request_is_refused(tmp_path, setting):
    """The line is the request."""
    config = RunConfig(input_jsonl=tmp_path, output_dir=tmp_path, recipe=REQUESTS)
    if "prompt_file" in setting:
        path = tmp_path / "p.json"
        path.write_text("{}")
        setting = {"prompt_file": path}

    with pytest.raises(UsageError, match=f"leave {next(iter(setting))}"):
        build(replace(config, **setting))
