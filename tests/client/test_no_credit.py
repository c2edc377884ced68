"""An account without credit is recognised, however the server says so."""

from typing import Any

import pytest

from asyncgen.client.classify import Action, judge_error


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, {"type": "invalid_request_error", "message": "Your credit balance is too low to access the API."}),
        (400, {"message": "Budget has been exceeded! Current cost: 12.3, Max budget: 10.0", "code": "400"}),
        (400, {"message": "litellm.BadRequestError: AnthropicException - Your credit balance is too low"}),
        (429, {"message": "ExceededBudget: User=x over budget.", "type": "budget_exceeded", "code": "429"}),
        (429, {"message": "Your account is suspended", "type": "exceeded_current_quota_error"}),
        (429, {"code": "1113", "message": "余额不足或无可用资源包"}),
        (
            400,
            {
                "message": "litellm.BadRequestError: AnthropicException - "
                '{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low'
            },
        ),
        (400, {"message": "API access blocked because of the spend limit", "code": "blocked_api_access"}),
        (400, {"type": "invalid_request_error", "message": "You have reached your specified API usage limits."}),
        (400, {"type": "Arrearage", "code": "Arrearage", "message": "Access denied, is your account in good"}),
        (412, {"message": "Account acme is suspended, possibly due to reaching the monthly spending limit"}),
        (403, {"message": "Key limit exceeded (total limit). Manage it", "code": 403}),
        (429, {"message": "Your prepayment credits are depleted. Please go", "status": "RESOURCE_EXHAUSTED"}),
        (
            403,
            {"code": "AllocationQuota.FreeTierOnly", "message": "The free tier of the model has been exhausted."},
        ),
        (429, {"code": "insufficient_quota", "message": "Free allocated quota exceeded."}),
        (403, {"type": "new_api_error", "code": "insufficient_user_quota", "message": "用户额度不足"}),
    ],
)
def test_a_refusal_for_want_of_credit_ends_the_run(status: int, error: dict[str, Any]) -> None:
    """Waiting would not help."""
    failure = judge_error(status, {}, {"error": error}, 0.0)
    assert (failure.kind, failure.action) == ("quota", Action.STOP)


@pytest.mark.parametrize("status", [403, 429])
def test_a_team_without_credit_is_no_limit_of_calls_and_no_permission(status: int) -> None:
    """So says xAI, with the name of the team, and the code of something else."""
    said = "Your team 0a1b-2c has either used all available credits or reached its monthly spending limit."
    failure = judge_error(status, {}, {"code": "Some resource has been exhausted", "error": said}, 0.0)
    assert (failure.kind, failure.action) == ("quota", Action.STOP)


@pytest.mark.parametrize(
    "message",
    [
        "Allocated quota exceeded, please increase your quota limit.",
        "You exceeded your current quota, please check your plan and billing details. For details, see: "
        "https://help.aliyun.com/zh/model-studio/error-code#token-limit",
    ],
)
def test_tokens_a_minute_are_no_credit_whatever_the_code_says(message: str) -> None:
    """DashScope gives OpenAI's code for an account without credit; its page for limits of tokens tells."""
    names = {"code": "insufficient_quota", "type": "insufficient_quota"}
    failure = judge_error(429, {}, {"error": {"message": message, **names}}, 0.0)
    assert (failure.kind, failure.action) == ("rate_limit", Action.WAIT)
    said = "You exceeded your current quota, please check your plan and billing details."
    assert judge_error(429, {}, {"error": {"message": said, **names}}, 0.0).action is Action.STOP


@pytest.mark.parametrize("message", ["The patient: Your credit balance is too low", "Slow down, please"])
def test_other_sentences_are_none(message: str) -> None:
    """Nor is one that quotes a row."""
    assert judge_error(429, {}, {"error": {"message": message}}, 0.0).kind == "rate_limit"


def test_a_key_that_gemini_refuses_with_400_is_no_bad_request() -> None:
    """Its reason stands in the details."""
    details = [{"@type": "ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}]
    error = {"code": 400, "message": "API key not valid.", "status": "INVALID_ARGUMENT", "details": details}
    failure = judge_error(400, {}, [{"error": error}], 0.0)
    assert (failure.kind, failure.action) == ("authentication", Action.STOP_IF_REPEATED)
