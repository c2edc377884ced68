"""From any record to its calls, and to the same question once more."""

import json
import signal
from contextlib import suppress
from dataclasses import replace
from urllib.request import Request, urlopen

from asyncgen.chat import ChatRequest, Completion, Usage
from asyncgen.client.encoding import Encoder
from asyncgen.config import RunConfig
from asyncgen.medec.pair import parse_pair
from asyncgen.recipes.medec_safe import MedecSafe
from asyncgen.recipes.prompts import PromptFile
from asyncgen.simulator import Faults, Latency
from asyncgen.storage.input_file import rows_of

from .conftest import OUTPUTS, Job

CALL = {"step", "request", "model", "finish_reason", "usage", "prompt", "sampling"}
STEPS = (["paraphrase", "correct_reasoning"], ["error_reasoning"])


def calls_of(job: Job) -> list[dict]:
    """The lines of `calls.jsonl`."""
    return [json.loads(line) for line in (job.state_dir / "calls.jsonl").read_bytes().splitlines()]


def test_every_record_leads_to_its_calls_whatever_these_went_through(serve, job):
    """By the hash of the request; attempts, times and request ids are there and not in the record."""
    this = job(serve(faults=Faults(server_error=0.2)))
    assert this.run().returncode == 0

    answered = {call["request"]: call for call in calls_of(this) if call["outcome"] == "ok"}
    assert any(call["attempt"] > 1 for call in answered.values())
    for name, steps in zip(OUTPUTS, STEPS, strict=False):
        for index, record in enumerate(this.records(name)):
            calls = record["metadata"]["calls"]
            assert [call["step"] for call in calls] == steps
            for call in calls:
                assert call.keys() == CALL
                assert call["finish_reason"] == "stop"
                assert call["model"]
                there = answered[call["request"]]
                assert (there["index"], there["step"]) == (index, call["step"])
                assert there["request_id"]
                assert {key: there["usage"][key] for key in call["usage"]} == call["usage"]
    assert {
        (call["step"], call["prompt"], call["sampling"])
        for name in OUTPUTS
        for record in this.records(name)
        for call in record["metadata"]["calls"]
    } == {
        (call["step"], call["prompt"], call["sampling"])
        for name in OUTPUTS[:2]
        for call in this.records(name)[0]["metadata"]["calls"]
    }


def test_without_reasoning_the_incorrect_record_has_no_call(serve, job):
    """Nobody was asked about it."""
    this = job(serve(), flags=[])
    this.run()

    assert [record["metadata"]["calls"] for record in this.records(OUTPUTS[1])] == [[]] * 24


def test_any_record_can_be_asked_again(serve, job):
    """The pair that `calls.jsonl` names and the prompt file make the very request; its answer is the record's."""
    server = serve()
    this = job(server, flags=[])
    this.run("--num-pairs", "5", "--model", "gpt-4o")
    config = RunConfig(
        model="gpt-4o", input_jsonl=this.input_jsonl, output_dir=this.output_dir, prompt_file=this.prompt_file
    )
    recipe = MedecSafe(PromptFile.load(this.prompt_file), add_reasoning=False)
    encoder = Encoder(config.model, config.max_tokens_field or "max_tokens")
    rows = list(rows_of(this.input_jsonl, parse_pair))
    indexes = {call["request"]: call["index"] for call in calls_of(this)}

    for record in this.records(OUTPUTS[0]):
        [call] = record["metadata"]["calls"]
        prepared = encoder.prepare("paraphrase", only_request(recipe, rows[indexes[call["request"]]].pair))
        assert prepared.hash == call["request"]
        url, headers = f"{server.base_url}/chat/completions", {"Content-Type": "application/json"}
        request = Request(url, prepared.body, headers)
        with urlopen(request, timeout=60) as response:
            answer = json.load(response)
        assert answer["choices"][0]["message"]["content"].strip() == record["note"]


def test_a_killed_run_leaves_the_same_provenance(serve, job, samples_golden):
    """What comes out of the journal says what it would have said at once."""
    this = job(serve(latency=Latency(median_s=0.2)))
    process = this.start("--concurrency", "4")
    while not this.state_dir.is_dir() or b'"answer"' not in this.journal():
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)

    assert this.run().returncode == 0
    assert this.outputs() == samples_golden


def test_the_name_of_the_limit_names_no_other_request(serve, job):
    """`max_completion_tokens` asks for the same (the simulator, unlike a model, answers otherwise)."""
    server = serve()
    golden, this = job(server, flags=[]), job(server, flags=[])
    golden.run()
    this.run("--max-tokens-field", "max_completion_tokens")

    requests = [
        [call["request"] for record in one.records(OUTPUTS[0]) for call in record["metadata"]["calls"]]
        for one in (golden, this)
    ]
    assert requests[0] == requests[1]
    assert len(set(requests[0])) == 24


def only_request(recipe: MedecSafe, pair) -> ChatRequest:
    """What a recipe of one step asks."""
    asked = []

    async def generate(_step: str, request: ChatRequest) -> Completion:
        asked.append(request)
        return Completion("x", Usage(), "m")

    coroutine = recipe.run(pair, generate)
    with suppress(StopIteration):
        coroutine.send(None)
    [request] = asked
    return request


def test_answers_that_were_made_up_are_not_mixed_with_real_ones(serve, job, tmp_path):
    """In a directory or through a cache; all servers on this machine have one name."""
    server, cache = serve(), ("--cache", str(tmp_path / "answers.db"), "--num-pairs", "2")
    real = job(server)
    simulated = replace(job(), output_dir=tmp_path / "simulated")
    simulated.flags += ["--simulate", "fast"]
    assert simulated.run(*cache).returncode == 0

    refused = replace(real, output_dir=simulated.output_dir).run("--num-pairs", "3")
    assert (refused.returncode, server.counts["requests"]) == (65, 0)
    assert "another run: the server on this machine was the run's own simulator, now it is" in refused.stderr
    assert real.run(*cache).returncode == 0
    assert server.counts["requests"] == 6
    refused = replace(simulated, output_dir=real.output_dir).run("--num-pairs", "3")
    assert (refused.returncode, "another, now it is the run's own simulator" in refused.stderr) == (65, True)
    assert simulated.run("--num-pairs", "3").returncode == 0
