"""What a vendor's error means, whatever its shape."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from channels_app.contract import FailureKind
from channels_app.failures import classify


def openai_error(code: str | None, kind: str = "invalid_request_error", message: str = "no") -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, openai_error("invalid_api_key"), "bad_key"),
        (401, openai_error(None), "bad_key"),
        (403, openai_error(None, "permission_error"), "bad_key"),
        (403, openai_error("account_deactivated"), "bad_key"),
        (400, {"error": {"message": "API key not valid. Please pass a valid API key.", "code": 400}}, "bad_key"),
        (429, openai_error("insufficient_quota", "insufficient_quota"), "no_quota"),
        (429, openai_error("credit_balance_exhausted"), "no_quota"),
        (429, openai_error(None, "exceeded_current_quota_error"), "no_quota"),
        (403, openai_error("AccountOverdueError"), "no_quota"),
        (400, openai_error("Arrearage"), "no_quota"),
        (403, openai_error("insufficient_user_quota", "one_api_error"), "no_quota"),
        (402, openai_error(None, "unknown_error", "Insufficient Balance"), "no_quota"),
        (400, {"message": "Your credit balance is too low to access the API"}, "no_quota"),
        (500, {"msg": "账户已欠费"}, "no_quota"),
        (429, openai_error("rate_limit_exceeded", "rate_limit_error"), "rate_limited"),
        (429, openai_error("slow_down"), "rate_limited"),
        (429, {}, "rate_limited"),
        (400, openai_error("content_filter"), "content_filter"),
        (400, openai_error("data_inspection_failed"), "content_filter"),
        (404, openai_error("model_not_found"), "not_found"),
        (400, openai_error(None, message="The model `m` does not exist"), "not_found"),
        (404, {"detail": "Not Found"}, "not_found"),
        (400, openai_error("context_length_exceeded"), "bad_request"),
        (400, openai_error(None, message="This model's maximum context length is 5"), "bad_request"),
        (422, {"detail": [{"loc": ["body"], "msg": "field required"}]}, "bad_request"),
        (413, openai_error(None), "bad_request"),
        (500, openai_error("server_error", "server_error"), "upstream"),
        (503, openai_error("server_is_overloaded"), "upstream"),
        (529, {"error": {"type": "overloaded_error", "message": "Overloaded"}}, "upstream"),
        (500, openai_error(None), "upstream"),
        (403, openai_error("unsupported_country_region_territory", "request_forbidden"), "upstream"),
        (301, {}, "upstream"),
        (408, {}, "upstream"),
    ],
)
def test_the_code_decides_before_the_status(status: int, body: dict[str, Any], expected: str) -> None:
    failure = classify(status, orjson.dumps(body))
    assert (failure.kind, failure.status) == (expected, status)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"error": {"message": "a"}}, "a"),
        ({"error": "a"}, "a"),
        ([{"error": {"message": "a"}}], "a"),
        ({"errors": [{"message": "a"}]}, "a"),
        ({"message": "a"}, "a"),
        ({"Message": "a", "__type": "ThrottlingException"}, "a"),
        ({"msg": "a"}, "a"),
        ({"err": "a"}, "a"),
        ({"error_msg": "a", "error_code": 110}, "a"),
        ({"detail": "a"}, "a"),
        ({"header": {"message": "a", "code": 10013}}, "a"),
        ({"response": {"error": {"message": "a"}}}, "a"),
        ({"error": {"message": None, "code": 5}}, '{"message":null,"code":5}'),
        ({"odd": 1}, '{"odd":1}'),
    ],
)
def test_foreign_shapes_are_read(body: Any, message: str) -> None:
    assert classify(500, orjson.dumps(body)).message == message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<!DOCTYPE html><html>", "upstream returned HTML"),
        (b"  <html>", "upstream returned HTML"),
        (b"", "upstream returned an empty error"),
        (b"plain words", "plain words"),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_bodies_that_are_no_json_are_upstreams_fault(body: bytes, message: str) -> None:
    failure = classify(502, body)
    assert (failure.kind, failure.message) == (FailureKind.UPSTREAM, message)


@pytest.mark.parametrize(
    ("status", "expected"), [(401, "upstream"), (403, "upstream"), (429, "rate_limited"), (404, "not_found"), (413, "bad_request")]
)
def test_a_page_in_front_of_the_vendor_says_nothing_about_the_key(status: int, expected: str) -> None:
    assert classify(status, b"<html>blocked</html>").kind == expected


def test_the_code_is_kept_as_text() -> None:
    assert classify(402, b'{"error":{"code":402,"message":"x"}}').code == "402"


def test_a_long_message_is_shortened() -> None:
    assert len(classify(500, orjson.dumps({"message": "x" * 9000})).message) == 2000


def test_only_the_clients_own_faults_are_told_to_the_client() -> None:
    assert [kind for kind in FailureKind if kind.is_users_fault] == [FailureKind.CONTENT_FILTER, FailureKind.BAD_REQUEST]
