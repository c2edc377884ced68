"""What a user can do about a failure, and about a shortage of the machine."""

import errno

import pytest

from asyncgen.chat import NO_USAGE
from asyncgen.cli.crash_report import shortage
from asyncgen.cli.hints import hint
from asyncgen.events import CallEnded


def ended(
    outcome: str, code: str | None = None, sentence: str | None = None, param: str | None = None
) -> CallEnded:
    """A call that failed."""
    return CallEnded(
        index=0,
        note_id="n",
        step="paraphrase",
        request="r",
        attempt=1,
        outcome=outcome,
        status=400,
        request_id=None,
        started=0.0,
        waited=0.0,
        took=0.0,
        usage=NO_USAGE,
        endpoint="",
        code=code,
        param=param,
        sentence=sentence,
    )


@pytest.mark.parametrize(
    ("event", "word"),
    [
        (ended("bad_request", "html"), "--base-url"),
        (ended("bad_request", "not_json", "no healthy upstream"), "--base-url"),
        (ended("encoding", "zstd"), "compressed"),
        (ended("large_header"), "headers"),
        (ended("no_http"), "not HTTP"),
        (ended("bad_request", "invalid_service_tier", "service_tier is not available"), "--service-tier"),
        (ended("bad_request", None, "This model's maximum context length is 8192 tokens."), "lower max_tokens"),
        (ended("server_error", None, "Context size has been exceeded."), "lower max_tokens"),
    ],
)
def test_what_came_is_named_with_what_to_do(event: CallEnded, word: str) -> None:
    """By kind, by code, and by the few sentences that servers without codes have."""
    assert word in hint(event)


@pytest.mark.parametrize(
    ("param", "advice"),
    [
        ("top_p", "take top_p out of generation_params, or --param top_p=null"),
        ("top_k", "take top_k out of generation_params, or --param top_k=null"),
        (
            "body.reasoning_effort",
            "take reasoning_effort out of generation_params, or --param reasoning_effort=null",
        ),
        ("messages[1].content", ""),
        ("messages", ""),
        ("stream", ""),
        (None, ""),
    ],
)
def test_only_a_field_that_can_be_set_is_said_to_be_left_out(param: str | None, advice: str) -> None:
    """No flag and no file has a part of the messages."""
    assert hint(ended("bad_request", param=param)) == advice


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (MemoryError(), "--concurrency"),
        (ExceptionGroup("workers", [ValueError(), MemoryError()]), "--concurrency"),
        (RuntimeError("can't start new thread"), "ulimit -u"),
        (OSError(errno.EMFILE, "x"), "ulimit -n"),
    ],
)
def test_a_shortage_of_the_machine_is_no_defect(error: BaseException, word: str) -> None:
    """It is said in a line."""
    assert word in (shortage(error) or "")


def test_a_defect_is_no_shortage() -> None:
    """It keeps its report."""
    assert shortage(RuntimeError("something else")) is None


@pytest.mark.parametrize("outcome", ["length", "bad_request", "context_length", "missing_keys"])
def test_nothing_is_said_of_prompts_where_the_run_makes_no_requests(outcome: str) -> None:
    """Who has made the requests can change them, and no flag can; what is of the server is said all the same."""
    event = ended(outcome, "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported.")

    assert hint(event)
    assert not hint(event, own_prompts=False)
    assert "--base-url" in hint(ended("html"), own_prompts=False)
