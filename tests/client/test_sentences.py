"""What servers say in words alone: no credit, a rate, a key, a filter; and errors in the text of gateways."""

from typing import Any

import pytest

from asyncgen.client.classify import Action, judge_error

OVERLOADED = '{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}'
NO_CREDIT = '{"type": "error", "error": {"type": "x", "message": "Your credit balance is too low"}}'
GEMINI = (
    "You exceeded your current quota, please check your plan and billing details. For more information, head to: "
    "https://ai.google.dev/gemini-api/docs/rate-limits. \n* Quota exceeded for metric: generativelanguage."
    "googleapis.com/generate_content_free_tier_requests, limit: {limit}, model: x\nPlease retry in 11.66s."
)


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
        (429, {"code": "1309", "message": "您的 GLM Coding Plan 套餐已到期"}),
        (429, {"code": "SetLimitExceeded", "message": "has reached the set limit", "type": "TooManyRequests"}),
        (500, {"type": "api_error", "message": "insufficient balance (1008)"}),
        (400, {"message": "资源包余量已用尽", "type": "runtime_error", "code": "3008"}),
        (429, {"message": "You are using a Trial key, which is limited to 1000 API calls / month. You can"}),
        (429, {"message": "You are past the per month request limit for this model, please wait and try again"}),
        (
            429,
            {"message": "you (name) have reached your weekly usage limit, upgrade for higher limits: https://x"},
        ),
        (429, {"type": "rate_limit_error", "message": "Your prepayment credits are depleted. Please go"}),
        (429, {"message": "Credit limit exceeded, please navigate to", "type": "credit_limit"}),
        (429, {"message": GEMINI.format(limit=0), "code": 429}),
        (
            429,
            {
                "message": "You exceeded your current quota, please check your plan and billing details. For more "
                "information on this error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors."
            },
        ),
        (403, {"type": "new_api_error", "code": "insufficient_user_quota", "message": "用户额度不足"}),
        (403, {"type": "new_api_error", "code": "pre_consume_token_quota_failed", "message": "not enough"}),
        (412, {"message": "Usage limit exhausted.", "type": "BUDGET_EXHAUSTED_ERROR", "code": "04"}),
        (403, {"code": "AccountOverdueError", "message": "has an overdue balance.", "type": "Forbidden"}),
        (403, {"code": 30001, "message": "Sorry, your account balance is insufficient", "data": None}),
        (403, {"code": 403, "message": "This requires billing.", "details": [{"reason": "BILLING_DISABLED"}]}),
        (403, {"code": "No permission", "message": "Your newly created team doesn't have any credits yet."}),
    ],
)
def test_a_refusal_for_want_of_credit_ends_the_run(status: int, error: dict[str, Any]) -> None:
    """Waiting would not help."""
    failure = judge_error(status, {}, {"error": error}, 0.0)
    assert (failure.kind, failure.action) == ("quota", Action.STOP)


@pytest.mark.parametrize(
    ("status", "body", "kind", "action"),
    [
        (400, {"__type": "ThrottlingException", "message": "Rate exceeded"}, "rate_limit", Action.WAIT),
        (403, {"statusCode": 403, "message": "Out of call volume quota. Quota will be replenished in 00:12:31."},
         "rate_limit", Action.WAIT),
        (403, {"code": "AccessDenied", "message": "Rate limit exceeded. Please wait"}, "rate_limit", Action.WAIT),
        (403, {"message": "API rate limit exceeded for user ID 1."}, "rate_limit", Action.WAIT),
        (402, {"error": {"message": "This request would exceed your available credits given the others.",
                         "code": 402, "metadata": {"reason": "in_flight_budget_exhausted"}}},
         "rate_limit", Action.WAIT),
        (429, {"error": {"message": GEMINI.format(limit=10), "code": 429}}, "rate_limit", Action.WAIT),
        (400, {"error": {"message": "Function id '87ea0ddc-cff1': DEGRADED function cannot be invoked"}},
         "server_error", Action.RETRY),
        (403, {"code": "No permission", "error": "Content violates usage guidelines. Team: x"},
         "content_filter", Action.GIVE_UP),
        (424, {"error": [{"code": 2016, "message": "Prompt blocked due to security configurations."}]},
         "content_filter", Action.GIVE_UP),
        (400, {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: ba***na."},
         "authentication", Action.STOP_IF_REPEATED),
        (400, [{"error": {"code": 400, "message": "Missing or invalid Authorization header."}}],
         "authentication", Action.STOP_IF_REPEATED),
        (500, {"error": {"message": "litellm.AuthenticationError: OpenAIException - x", "code": "401"}},
         "authentication", Action.STOP_IF_REPEATED),
        (500, {"error": {"message": "litellm.RateLimitError: AzureException - x", "code": "429"}},
         "rate_limit", Action.WAIT),
        (500, {"error": {"message": "Slow down", "type": "rate_limit_error"}}, "rate_limit", Action.WAIT),
        (501, "<html><title>501 Unsupported method ('POST')</title></html>", "not_found", Action.STOP_IF_REPEATED),
        (400, [{"error": {"code": 400, "message": "User location is not supported for the API use."}}],
         "permission", Action.STOP_IF_REPEATED),
        (400, {"error": {"message": "The model `x` requires terms acceptance.", "code": "model_terms_required"}},
         "permission", Action.STOP_IF_REPEATED),
        (410, {"title": "Gone", "status": 410, "detail": "The model 'x' has reached its end of life"},
         "not_found", Action.STOP_IF_REPEATED),
    ],
)  # fmt: skip
def test_what_a_status_says_wrongly_is_told_by_the_words(
    status: int, body: Any, kind: str, action: Action
) -> None:
    """A rate with the status of a permission, a sick server with that of a wrong request, and more."""
    failure = judge_error(status, {}, body, 0.0)
    assert (failure.kind, failure.action) == (kind, action)


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, {"message": "An error occurred when calling Azure OpenAI: Server responded with status 429. Error "
               'message: {"error":{"code":"429","message": "Rate limit is exceeded. Try again in 2 seconds."}}'},
         "rate_limit"),
        (429, {"message": "Provider returned error", "code": 429, "metadata": {"raw": '{"error":{"message":"Your '
               'account org-4 <ak-f> is suspended","type":"exceeded_current_quota_error"}}'}},
         "quota"),
        (400, {"message": 'The note {"error": {"code": "insufficient_quota"}} is too odd'}, "bad_request"),
        (400, {"message": "Error " + "x" * 300 + ': {"error": {"code": "insufficient_quota"}}'}, "bad_request"),
        (400, {"message": 'Error: {"error": {"code": "insufficient_quota"'}, "bad_request"),
        (400, {"message": 'Error: {"code": "insufficient_quota"}'}, "bad_request"),
        (500, {"message": f"litellm.InternalServerError: AnthropicException - {OVERLOADED}. Handle with `litellm."
               "InternalServerError`.. Received Model Group=x\nAvailable Model Group"}, "overloaded"),
        (500, {"message": f"litellm.InternalServerError: AnthropicError - {OVERLOADED}"}, "overloaded"),
        (429, {"message": "litellm.RateLimitError: AzureException RateLimitError - Error code: 429 - "
               '{"error": {"code": "insufficient_quota", "message": "You exceeded"}}', "code": "429"}, "quota"),
        (400, {"message": "litellm.BadRequestError: AnthropicException - b'" + NO_CREDIT + "'"}, "quota"),
        (429, {"message": 'litellm.RateLimitError: DashscopeException - {"error": {"message": "You exceeded your '
               'current quota: https://x#token-limit", "code": "insufficient_quota"}}'}, "rate_limit"),
        (400, {"message": '{"type": "user", "message": "Your credit balance is too low"}'}, "bad_request"),
        (500, {"message": 'Failed to parse input: {"error": {"code": "insufficient_quota"}}'}, "server_error"),
        (400, {"message": 'Error in request content: {"error": {"code": "invalid_api_key"}}'}, "bad_request"),
        (400, {"message": 'Error code: 400 - {"error": {"code": "insufficient_quota"}}', "code": "content_filter"},
         "content_filter"),
        (400, {"message": "x", "metadata": {"flagged_input": "y", "raw": '{"error": {"message": "z"}}'}},
         "content_filter"),
    ],
)  # fmt: skip
def test_an_error_that_a_gateway_hands_on_as_text_is_read(status: int, error: dict[str, Any], kind: str) -> None:
    """It stands soon in the text, and is whole."""
    assert judge_error(status, {}, {"error": error}, 0.0).kind == kind


@pytest.mark.parametrize(
    "message",
    ["Your prepayment credits are depleted.", "Budget has been exceeded!", "ExceededBudget: User=x over budget."],
)
def test_the_status_that_litellm_gives_as_a_code_says_less_than_its_words(message: str) -> None:
    """It writes 429 so whatever the refusal is about."""
    said = f"litellm.RateLimitError: VertexAIException - {message}"
    failure = judge_error(429, {}, {"error": {"message": said, "type": "throttling_error", "code": "429"}}, 0.0)
    assert (failure.kind, failure.action) == ("quota", Action.STOP)


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "organization_spend_limit_exceeded"), (429, "billing_not_active"), (429, "insufficient_quota")],
)
def test_a_code_that_is_clear_goes_before_the_words_rate_limit(status: int, code: str) -> None:
    """Only DashScope's sentences about tokens a minute change one."""
    error = {"message": "Rate limit exceeded. Your plan has no credit left.", "code": code}
    assert judge_error(status, {}, {"error": error}, 0.0).action is Action.STOP


def test_what_the_model_has_written_is_not_searched_for_an_error() -> None:
    """Nor is it shown."""
    message = 'Error code: 400 - {"error": {"message": "A note.", "code": "insufficient_quota"}}'
    failure = judge_error(400, {}, {"error": {"message": message, "failed_generation": "{"}}, 0.0)
    assert (failure.kind, failure.sentence) == ("bad_request", None)


def test_words_of_a_gateway_stay_where_the_error_in_it_has_none() -> None:
    """The user sees why."""
    raw = '{"error": {"error_msg": "the prompt holds a forbidden token"}}'
    failure = judge_error(
        400, {}, {"error": {"message": "Provider returned error", "metadata": {"raw": raw}}}, 0.0
    )
    assert "forbidden token" in (failure.sentence or "")


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


AZURE = (
    "AzureException - The response was filtered due to the prompt triggering Azure OpenAI's content management."
)
FILTERED: dict[str, tuple[int, Any]] = {
    "DashScope": (
        400,
        {
            "error": {
                "code": "data_inspection_failed",
                "message": "<400> InternalError.Algo.DataInspectionFailed: x",
            }
        },
    ),
    "DeepSeek": (400, {"error": {"message": "Content Exists Risk", "code": "invalid_request_error"}}),
    "OpenAI, usage": (
        400,
        {
            "error": {
                "message": "Invalid prompt: your prompt was flagged as potentially violating our usage policy.",
                "type": "invalid_request_error",
                "code": "invalid_prompt",
            }
        },
    ),
    "OpenAI, cyber": (400, {"error": {"message": "This request has been flagged.", "code": "cyber_policy"}}),
    "Zhipu": (400, {"contentFilter": [{"level": 1}], "error": {"code": "1301", "message": "系统检测到输入"}}),
    "Volcengine": (400, {"error": {"code": "SensitiveContentDetected", "message": "x", "type": "BadRequest"}}),
    "Mistral": (400, {"object": "error", "message": "Flagged", "type": "moderation_error", "code": "3000"}),
    "Gemini": (
        400,
        [{"error": {"code": 400, "message": "The prompt was blocked because it contains PROHIBITED_CONTENT."}}],
    ),
    "Anthropic": (
        400,
        {"error": {"message": "Output blocked by content filtering policy", "type": "invalid_request_error"}},
    ),
    "LiteLLM, guardrail": (
        400,
        {"error": {"message": "{'error': 'Violated guardrail policy', 'x': 'y'}", "type": "None", "code": "400"}},
    ),
    "LiteLLM, guardrail as it is": (400, {"detail": {"error": "Violated guardrail policy"}}),
    "LiteLLM, of Azure": (
        400,
        {
            "error": {
                "message": "litellm.BadRequestError: litellm.ContentPolicyViolationError: "
                f"litellm.ContentPolicyViolationError: {AZURE}",
                "type": None,
                "code": "400",
            }
        },
    ),
    "LiteLLM, of another": (
        400,
        {"error": {"message": "litellm.ContentPolicyViolationError: XException - no", "code": "400"}},
    ),
    "Portkey": (446, {"error": {"message": "The guardrail checks failed.", "type": "hooks_failed", "code": None}}),
    "451": (451, {"error": {"message": "Content blocked by policy", "code": 451}}),
    "Kong": (400, {"error": {"message": "bad request: prompt pattern is blocked"}}),
    "Azure API Management": (403, {"statusCode": 403, "message": "Request failed content safety check."}),
}


@pytest.mark.parametrize(("status", "body"), FILTERED.values(), ids=FILTERED)
def test_a_filter_refuses_one_row_alone(status: int, body: Any) -> None:
    """As a wrong request it would end a run whose first rows are filtered."""
    failure = judge_error(status, {}, body, 0.0)
    assert (failure.kind, failure.action) == ("content_filter", Action.GIVE_UP)


def test_the_name_of_a_gateway_before_each_name_does_not_hide_a_sentence() -> None:
    """LiteLLM writes its own once for each time that it has raised the error anew."""
    said = "litellm.BadRequestError: litellm.BadRequestError: AnthropicException - Your credit balance is too low"
    assert judge_error(400, {}, {"error": {"message": said, "code": "400"}}, 0.0).kind == "quota"


@pytest.mark.parametrize("message", ["Invalid prompt: it is no text", "Cannot read: Content Exists Risk"])
def test_what_only_holds_such_words_is_no_filter(message: str) -> None:
    """Nor is a prompt in a wrong form."""
    body = {"error": {"message": message, "code": "invalid_prompt"}}
    assert judge_error(400, {}, body, 0.0).kind == "bad_request"


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


def test_a_request_that_a_server_could_not_read_is_wrong_whatever_its_status() -> None:
    """llama-cpp-python says what pydantic found with a 500; the words of a row are no such sentence."""
    said = (
        "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', 'type'), 'msg': 'x'}"
    )
    error = {"message": said, "type": "internal_server_error", "param": None, "code": None}
    failure = judge_error(500, {}, {"error": error}, 0.0)
    assert (failure.kind, failure.action) == ("bad_request", Action.GIVE_UP)
    for other in (f"cannot parse: {said}", said.replace("'body'", "'response'"), "1 validation error: no"):
        not_ours = judge_error(500, {}, {"error": {**error, "message": other}}, 0.0)
        assert (not_ours.kind, not_ours.action) == ("server_error", Action.RETRY)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (
            {"message": "Authentication Error", "type": "expired_key", "code": "400"},
            "authentication",
        ),
        ({"message": "Your organization must be verified to use the model `o9`.", "code": None}, "permission"),
        ({"message": "{'error': '/chat/completions: Invalid model name passed in model=m. Call"}, "not_found"),
        ("Model unloaded.", "server_error"),
    ],
    ids=str,
)
def test_what_concerns_all_calls_or_none_is_no_fault_of_the_row(error: object, kind: str) -> None:
    """LiteLLM, OpenAI and LM Studio say it with 400."""
    assert judge_error(400, {}, {"error": error}, 0.0).kind == kind
