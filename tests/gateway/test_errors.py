"""The table of refusals and their envelope."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.contract import Failure, FailureKind
from gateway.answers import Refusal
from gateway.errors import TABLE, RelayError, from_failure


def test_the_envelope_always_has_its_four_members() -> None:
    assert told("openai", "invalid_json") == {
        "error": {
            "message": "The request's body is not a JSON object.",
            "type": "invalid_request_error",
            "param": None,
            "code": "invalid_json",
        }
    }


def test_details_stand_beside_them() -> None:
    assert told("openai", "insufficient_quota", scope="wallet")["error"]["scope"] == "wallet"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("unsupported_field", 400, "invalid_request_error"),
        ("invalid_api_key", 401, "authentication_error"),
        ("insufficient_quota", 402, "billing_error"),
        ("key_disabled", 403, "permission_error"),
        ("model_not_found", 404, "not_found_error"),
        ("request_too_large", 413, "request_too_large"),
        ("rate_limit_exceeded", 429, "rate_limit_error"),
        ("internal_error", 500, "api_error"),
        ("upstream_timeout", 504, "timeout_error"),
        ("no_channel_available", 529, "overloaded_error"),
    ],
)
def test_anthropics_clients_are_told_by_their_own_status_and_type(code: str, status: int, kind: str) -> None:
    refusal = Refusal(RelayError(code), dialect="anthropic", request_id="r1")
    body = orjson.loads(refusal.body)
    assert (refusal.status_code, body["type"], body["error"]["type"], body["request_id"]) == (status, "error", kind, "r1")
    assert refusal.frames() == b"event: error\ndata: " + refusal.body + b"\n\n"


def told(dialect: str, code: str, **details: Any) -> Any:
    return orjson.loads(Refusal(RelayError(code, **details), dialect=dialect).body)


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("missing_api_key", 401, "invalid_request_error"),
        ("invalid_api_key", 401, "invalid_request_error"),
        ("expired_api_key", 401, "invalid_request_error"),
        ("key_disabled", 403, "permission_error"),
        ("tenant_suspended", 403, "permission_error"),
        ("ip_not_allowed", 403, "permission_error"),
        ("model_not_allowed", 403, "permission_error"),
        ("model_not_found", 404, "invalid_request_error"),
        ("unknown_url", 404, "invalid_request_error"),
        ("invalid_json", 400, "invalid_request_error"),
        ("unsupported_field", 400, "invalid_request_error"),
        ("request_too_large", 413, "invalid_request_error"),
        ("insufficient_quota", 429, "insufficient_quota"),
        ("rate_limit_exceeded", 429, "rate_limit_error"),
        ("quota_busy", 429, "rate_limit_error"),
        ("upstream_unavailable", 502, "upstream_error"),
        ("upstream_timeout", 504, "upstream_error"),
        ("no_channel_available", 503, "server_error"),
        ("settlement_backlog", 503, "server_error"),
    ],
)
def test_the_table(code: str, status: int, kind: str) -> None:
    assert (TABLE[code].status, TABLE[code].type) == (status, kind)


def test_an_empty_balance_is_not_worth_a_retry_and_a_busy_one_is() -> None:
    assert RelayError("insufficient_quota").headers() == {"x-should-retry": "false"}
    assert RelayError("quota_busy").headers() == {"x-should-retry": "true", "retry-after": "1"}


def test_a_long_wait_is_shortened_because_clients_give_up_on_long_ones() -> None:
    assert RelayError("rate_limit_exceeded", retry_after_seconds=4000).headers()["retry-after"] == "120"


def test_an_error_in_a_stream_is_followed_by_the_end_mark() -> None:
    refusal = Refusal(RelayError("upstream_timeout"), dialect="openai")
    assert refusal.frames() == b"data: " + refusal.body + b"\n\ndata: [DONE]\n\n"


def test_the_clients_own_fault_passes_through_without_secrets() -> None:
    failure = Failure(
        FailureKind.BAD_REQUEST, "too long for org-abcdef123456, see https://x.example", status=400, code="context_length_exceeded"
    )

    error = from_failure(failure, attempts=1)

    assert (error.status, error.type, error.code) == (400, "invalid_request_error", "context_length_exceeded")
    assert error.message == "too long for [account], see [address]"
    assert error.headers() == {"x-should-retry": "false"}


def test_the_vendors_fault_is_told_in_general() -> None:
    error = from_failure(Failure(FailureKind.BAD_KEY, "sk-secret is wrong", status=401), attempts=1)

    assert (error.status, error.code, error.headers()) == (502, "upstream_unavailable", {})
    assert "sk-" not in error.message


def test_after_a_failover_the_client_should_not_multiply_the_attempts() -> None:
    error = from_failure(Failure(FailureKind.UPSTREAM, "slow", is_timeout=True), attempts=2)

    assert (error.status, error.code, error.headers()) == (504, "upstream_timeout", {"x-should-retry": "false"})


def test_a_content_filter_is_told_as_such() -> None:
    error = from_failure(Failure(FailureKind.CONTENT_FILTER, "not this", status=451), attempts=1)

    assert (error.status, error.code, error.message) == (400, "content_filter", "not this")
