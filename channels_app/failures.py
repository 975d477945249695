"""Read what a vendor's error means: the body's code first, then its words, the HTTP status last."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

import orjson

from channels_app.codes import kind_of
from channels_app.contract import Failure, FailureKind

Codes = Mapping[str, FailureKind]

MESSAGE_LIMIT = 2000
_HTML = "upstream returned HTML"
_NO_CODES: Codes = MappingProxyType({})

_CODES: dict[FailureKind, tuple[str, ...]] = {
    FailureKind.NO_QUOTA: (
        "insufficient_quota", "credit_balance_exhausted", "organization_spend_limit_exceeded", "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded", "billing_hard_limit_reached", "billing_not_active", "insufficient_user_quota",
        "exceeded_current_quota_error", "insufficient_balance", "arrearage", "accountoverdueerror", "billing_error",
        "quota_exceeded", "payment_required", "insufficient_credits",
    ),
    FailureKind.BAD_KEY: (
        "invalid_api_key", "incorrect_api_key", "account_deactivated", "authentication_error", "invalid_authentication_error",
        "permission_error", "forbidden", "unauthorized", "token_expired", "invalid_token", "access_terminated",
        "organization_disabled", "permission_denied", "unauthenticated",
    ),
    FailureKind.RATE_LIMITED: (
        "rate_limit_exceeded", "rate_limit_error", "rate_limit_reached_error", "slow_down", "too_many_requests", "requests",
        "tokens", "resource_exhausted", "throttling",
    ),
    FailureKind.CONTENT_FILTER: (
        "content_filter", "content_policy_violation", "moderation_blocked", "data_inspection_failed", "datainspectionfailed",
        "responsibleaipolicyviolation", "sensitive_words_detected", "prompt_blocked", "content_filter_error",
    ),
    FailureKind.NOT_FOUND: (
        "model_not_found", "model_not_available", "deploymentnotfound", "not_found_error", "resource_not_found_error", "unknown_model",
        "model_not_exist",
    ),
    FailureKind.BAD_REQUEST: (
        "context_length_exceeded", "unsupported_parameter", "unsupported_value", "invalid_value", "string_above_max_length",
        "array_above_max_length", "invalid_image", "invalid_image_url", "missing_required_parameter", "unknown_parameter",
        "invalid_json", "unsupported_field", "image_too_large", "invalid_function_parameters", "invalid_type",
    ),
    FailureKind.UPSTREAM: (
        "server_error", "api_error", "overloaded_error", "server_is_overloaded", "internal_error", "internal_server_error",
        "engine_overloaded_error", "service_unavailable", "unsupported_country_region_territory",
    ),
}  # fmt: skip
_KIND_OF_CODE = {code: kind for kind, codes in _CODES.items() for code in codes}

_PHRASES: tuple[tuple[FailureKind, re.Pattern[str]], ...] = (
    (
        FailureKind.NO_QUOTA,
        re.compile(
            r"credit balance is too low|exceeded your current quota|insufficient (balance|quota|credits?)|balance is insufficient"
            r"|used all available credits|monthly spending limit|daily free allocation|已欠费|余额不足|额度不足",
            re.I,
        ),
    ),
    (
        FailureKind.BAD_KEY,
        re.compile(
            r"access was terminated|violation of our policies|organization has been (disabled|restricted)|permission denied"
            r"|api.?key (not valid|expired|is invalid)|(invalid|incorrect) api.?key",
            re.I,
        ),
    ),
    (FailureKind.NOT_FOUND, re.compile(r"model\b.{0,120}\b(does not exist|not found|not exist)|no such model", re.I)),
    (FailureKind.BAD_REQUEST, re.compile(r"maximum context length|context window", re.I)),
)

_STATUS: dict[int, FailureKind] = {
    400: FailureKind.BAD_REQUEST,
    401: FailureKind.BAD_KEY,
    402: FailureKind.NO_QUOTA,
    403: FailureKind.BAD_KEY,
    404: FailureKind.NOT_FOUND,
    413: FailureKind.BAD_REQUEST,
    415: FailureKind.BAD_REQUEST,
    422: FailureKind.BAD_REQUEST,
    429: FailureKind.RATE_LIMITED,
    451: FailureKind.CONTENT_FILTER,
}


class Complaint(NamedTuple):
    """What an error body says, whatever its shape."""

    message: str
    code: str = ""
    type: str = ""
    status: int | None = None


def classify(status: int, body: bytes, codes: Codes = _NO_CODES) -> Failure:
    """Return the failure behind an error answer with this status and body; `codes` are the vendor's own, and come first."""
    try:
        payload: object = orjson.loads(body)
    except orjson.JSONDecodeError:
        # A page in front of the vendor (a firewall, a country block) says nothing about the key.
        if _is_html(body) and status in {401, 403}:
            return Failure(FailureKind.UPSTREAM, _HTML, status=status)
        return _failure(Complaint(_HTML if _is_html(body) else _short(body) or "upstream returned an empty error"), status)
    return _failure(find(payload) or Complaint(_short(body)), status, codes)


def of_complaint(complaint: Complaint, codes: Codes = _NO_CODES) -> Failure:
    """Return the failure behind an error object that came inside a 200."""
    return _failure(complaint, None, codes)


def in_body(payload: object, codes: Codes = _NO_CODES) -> Failure | None:
    """Return the failure that a decoded body with status 200 tells, or None where it tells none."""
    complaint = find(payload)
    return of_complaint(complaint, codes) if complaint else None


def of_vendor(message: str) -> Failure:
    """Return a failure that is the vendor's, in our words."""
    return Failure(FailureKind.UPSTREAM, message)


def of_clock(failure: Failure) -> Failure:
    """Return the failure of a signature whose time the vendor refuses: this machine's fault, not the key's."""
    return replace(failure, kind=FailureKind.UPSTREAM, message=f"The vendor's clock and this machine's differ. {failure.message}")


def is_beside(answer: Mapping[str, Any]) -> bool:
    """Tell whether an error stands in an answer, beside its choices or in their place."""
    told = answer.get("base_resp")
    return bool(answer.get("error") or (told and isinstance(told, dict) and told.get("status_code")))


def is_frame(chunk: object) -> bool:
    """Tell whether a frame of a stream, which has no choices, is an error: an error field, or a list or code of a foreign shape."""
    if not isinstance(chunk, dict):
        return isinstance(chunk, list) and bool(chunk) and is_frame(chunk[0])
    if is_beside(chunk) or chunk.get("errors"):
        return True
    return chunk.get("object") != "chat.completion.chunk" and any(chunk.get(name) for name in ("message", "msg", "error_msg", "detail"))


def find(payload: object) -> Complaint | None:
    """Return the complaint inside a decoded body, or None when there is none.

    Shapes, in this order: error object or text, a list of them, `errors`, `message`, `msg`, `err`, `error_msg`, `detail`,
    `base_resp`, `header.message`, `response.error`.
    """
    if isinstance(payload, list):
        return find(payload[0]) if payload else None
    if not isinstance(payload, dict):
        return None
    error = payload.get("error")
    if error and isinstance(error, dict):
        return _of_object(error)
    if error and isinstance(error, str):
        return Complaint(str(payload.get("message") or error), code=error if " " not in error else "")
    return _foreign(payload)


def _foreign(payload: Mapping[str, Any]) -> Complaint | None:
    errors = payload.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return _of_object(errors[0])
    for name in ("message", "Message", "msg", "err", "error_msg", "detail"):
        if payload.get(name):
            return _of_object({**payload, "message": payload[name]})
    told = payload.get("base_resp")
    if isinstance(told, dict) and told.get("status_code"):
        return _of_object({"message": told.get("status_msg") or "", "code": told["status_code"]})
    header, response = payload.get("header"), payload.get("response")
    if isinstance(header, dict) and header.get("message"):
        return _of_object(header)
    return find(response) if isinstance(response, dict) else None


def _of_object(error: Mapping[str, Any]) -> Complaint:
    message = error.get("message")
    code = error.get("code", error.get("error_code", error.get("__type")))
    status = code if isinstance(code, int) and 400 <= code < 600 else error.get("status")
    return Complaint(
        message=(message if isinstance(message, str) else orjson.dumps(message or error).decode())[:MESSAGE_LIMIT],
        code="" if code is None else str(code),
        type=_text(error.get("type")) or _text(error.get("status")),
        status=status if isinstance(status, int) and not isinstance(status, bool) else None,
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _is_html(body: bytes) -> bool:
    return body[:200].lstrip().startswith(b"<")


def _short(body: bytes) -> str:
    return body[:MESSAGE_LIMIT].decode(errors="replace").strip()


def _failure(complaint: Complaint, status: int | None, codes: Codes = _NO_CODES) -> Failure:
    status = status if status is not None else complaint.status
    return Failure(
        kind=kind_of(codes, complaint.code) or kind_of(codes, complaint.type) or _kind(complaint, status),
        message=complaint.message,
        status=status,
        code=complaint.code or complaint.type or None,
        type=complaint.type or None,
    )


def _kind(complaint: Complaint, status: int | None) -> FailureKind:
    for name in (complaint.code, complaint.type):
        kind = _KIND_OF_CODE.get(name.lower())
        if kind:
            return kind
    for kind, pattern in _PHRASES:
        if pattern.search(complaint.message):
            return kind
    if complaint.status in _STATUS and (status is None or status < 400 or status == complaint.status):
        return _STATUS[complaint.status]
    if status is not None and status >= 400:
        return _STATUS.get(status, FailureKind.UPSTREAM)
    return FailureKind.BAD_REQUEST if complaint.type == "invalid_request_error" else FailureKind.UPSTREAM
