"""What a user can do about a failure, and about a shortage of the machine."""

import errno

import pytest

from asyncgen.chat import NO_USAGE
from asyncgen.cli.crash_report import shortage, unusable_variable
from asyncgen.cli.hints import RECIPE_FILE, explanation, hint
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
        (ended("server_error", "not_json", "Internal Server Error"), "its log says at what"),
        (
            ended(
                "bad_request",
                None,
                "1 validation error: \"Input should be 'text' or 'json_object'\" response_format",
            ),
            "takes no such schema",
        ),
        (
            ended("context_length", None, "exceeds this limit even without any output tokens"),
            "the prompt alone is longer",
        ),
        (
            ended("context_length", None, "max_tokens=4000 cannot be greater than max_model_len=1024"),
            "lower max_tokens",
        ),
        (ended("encoding", "zstd"), "compressed"),
        (ended("large_header"), "headers"),
        (ended("no_http"), "not HTTP"),
        (ended("bad_request", "invalid_service_tier", "service_tier is not available"), "--service-tier"),
        (ended("bad_request", None, "This model's maximum context length is 8192 tokens."), "lower max_tokens"),
        (
            ended("bad_request", None, "parameter.enable_thinking must be set to false for non-streaming calls"),
            "--param extra_body='{\"enable_thinking\": false}'",
        ),
        (
            ended("bad_request", None, "parameter.enable_thinking必须设置为false才能进行非流式调用"),
            "enable_thinking",
        ),
        (
            ended("bad_request", None, "This model only support stream mode, please enable the stream parameter"),
            "only streams",
        ),
        (ended("bad_request", None, "Requests with max_tokens > 4096 must have stream=true"), "only streams"),
        (ended("bad_request", None, "'messages' must contain the word 'json' in some form, to use"), "say in the"),
        (ended("bad_request", None, "Json mode is not supported for this model."), "no JSON mode"),
        (ended("bad_request", None, "This response_format type is unavailable now"), "takes no such schema"),
        (
            ended("bad_request", None, "The provided JSON schema contains features not supported by xgrammar."),
            "takes no such schema",
        ),
        (ended("bad_request", None, "'response_format.type' must be 'json_schema' or 'text'"), "wants a schema"),
        (ended("server_error", None, "Context size has been exceeded."), "lower max_tokens"),
    ],
)
def test_what_came_is_named_with_what_to_do(event: CallEnded, word: str) -> None:
    """By kind, by code, and by the few sentences that servers without codes have."""
    assert word in hint(event)


def test_a_field_that_is_refused_goes_before_the_model_that_refuses_it() -> None:
    """`stop`, which a run does not leave out by itself."""
    event = ended("bad_request", "unsupported_parameter", "'stop' is not supported with this model.", "stop")
    assert hint(event) == "take stop out of generation_params, or --param stop=null"


@pytest.mark.parametrize("outcome", ["authentication", "quota"])
def test_no_model_is_blamed_for_a_key_or_a_credit(outcome: str) -> None:
    """Servers speak of their models there too; what to do, the end of the run says."""
    assert not hint(ended(outcome, "invalid_api_key", "Incorrect API key provided, see /model-studio/errors"))


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


def test_a_file_for_the_keys_of_tls_that_cannot_be_written_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python opens it whenever it makes a context: debugging proxies leave the variable behind."""
    error = FileNotFoundError(errno.ENOENT, "No such file or directory", "/gone/keys")
    assert unusable_variable(error) is None
    monkeypatch.setenv("SSLKEYLOGFILE", "/gone/keys")
    assert (unusable_variable(error) or "").startswith("SSLKEYLOGFILE names /gone/keys, which cannot be written")


def test_a_defect_is_no_shortage() -> None:
    """It keeps its report."""
    assert shortage(RuntimeError("something else")) is None


@pytest.mark.parametrize("outcome", ["length", "bad_request", "context_length", "missing_keys"])
def test_nothing_is_said_of_prompts_where_the_run_makes_no_requests(outcome: str) -> None:
    """Who has made the requests can change them, and no flag can; what is of the server is said all the same."""
    event = ended(outcome, "unsupported_parameter", "Unsupported parameter: 'max_tokens' is not supported.")

    assert hint(event)
    assert not hint(event, None)
    assert "--base-url" in hint(ended("html"), None)


@pytest.mark.parametrize(
    ("event", "advice"),
    [
        (
            ended("length"),
            "the answer reached its limit: raise max_tokens in params of the step, or --param max_tokens=N",
        ),
        (
            ended("invalid_json"),
            "the answer is not a JSON object: the server does not hold the model to the schema of the step: "
            "let the prompt of the step show the form too",
        ),
        (ended("bad_request", param="top_k"), "take top_k out of params of the step, or --param top_k=null"),
    ],
    ids=lambda value: value.outcome if isinstance(value, CallEnded) else "",
)
def test_a_recipe_file_is_told_its_own_keys(event: CallEnded, advice: str) -> None:
    """It has no generation_params, and refuses them."""
    assert hint(event, RECIPE_FILE) == advice


def test_a_refusal_without_a_word_is_shown_with_its_status() -> None:
    """A gateway refuses so what is too large (431) or that it does not expect (417)."""
    assert explanation(ended("bad_request")).startswith(
        "paraphrase: bad_request (status 400); the server gives no"
    )
    assert not explanation(ended("server_error"))
