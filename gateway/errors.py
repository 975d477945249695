"""Say no: the one table of relay errors. The envelope they travel in is the client's protocol's.

RelayError    a refusal, or a failed call: status, type and code from the table
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels_app import registry
from channels_app.contract import Failure, FailureKind
from channels_app.faces import Problem, Unexpressible
from channels_app.redaction import scrub

DONE = b"data: [DONE]\n\n"
_LONGEST_MESSAGE = 1000


@dataclass(frozen=True, slots=True)
class Row:
    """What a code means: HTTP status, type, the default message, and what the client should do about it."""

    status: int
    type: str
    message: str
    should_retry: bool | None = None
    retry_after_seconds: int | None = None


_REQUEST = "invalid_request_error"
TABLE: dict[str, Row] = {
    "missing_api_key": Row(401, _REQUEST, "No API key was sent. Send it as 'Authorization: Bearer <key>'.", should_retry=False),
    "invalid_api_key": Row(401, _REQUEST, "This API key is not known here.", should_retry=False),
    "expired_api_key": Row(401, _REQUEST, "This API key has expired.", should_retry=False),
    "key_disabled": Row(403, "permission_error", "This API key is disabled."),
    "tenant_suspended": Row(403, "permission_error", "This service is suspended."),
    "ip_not_allowed": Row(403, "permission_error", "This API key may not be used from this network address."),
    "channel_not_allowed": Row(403, "permission_error", "Only staff may choose the channel of a call."),
    "model_not_allowed": Row(403, "permission_error", "This API key may not use this model."),
    "model_not_found": Row(404, _REQUEST, "This model does not exist here."),
    "receipt_not_found": Row(404, _REQUEST, "No call of this API key has this id, or it is not booked yet.", should_retry=False),
    "not_implemented": Row(501, _REQUEST, "This part of the protocol is not offered here yet.", should_retry=False),
    "unknown_url": Row(404, _REQUEST, "There is nothing at this address."),
    "method_not_allowed": Row(405, _REQUEST, "This address does not take this method."),
    "invalid_json": Row(400, _REQUEST, "The request's body is not a JSON object."),
    "invalid_form": Row(400, _REQUEST, "The request's body is no complete multipart form."),
    "unsupported_field": Row(400, _REQUEST, "A field has a value that is not supported."),
    "content_filter": Row(400, _REQUEST, "The content was refused by the provider's safety system.", should_retry=False),
    "sensitive_words_detected": Row(400, _REQUEST, "The request holds words that are not allowed here.", should_retry=False),
    "request_too_large": Row(413, _REQUEST, "The request's body is too large."),
    "insufficient_quota": Row(429, "insufficient_quota", "The balance does not cover this request.", should_retry=False),
    "rate_limit_exceeded": Row(429, "rate_limit_error", "Too many requests for this API key.", retry_after_seconds=1),
    "quota_busy": Row(429, "rate_limit_error", "The balance is held by calls in flight.", should_retry=True, retry_after_seconds=1),
    "upstream_unavailable": Row(502, "upstream_error", "The model's provider could not answer."),
    "upstream_timeout": Row(504, "upstream_error", "The model's provider did not answer in time."),
    "answer_repeats": Row(502, "upstream_error", "The model says the same over and over: its answer was cut off.", should_retry=False),
    "relay_loop": Row(
        508, "server_error", "This call has come back to a relay it went through: a channel leads in a circle.", should_retry=False
    ),
    "no_channel_available": Row(503, "server_error", "No provider is available for this model right now.", retry_after_seconds=5),
    "settlement_backlog": Row(503, "server_error", "Accounting is catching up.", retry_after_seconds=2),
    "internal_error": Row(500, "server_error", "Something went wrong on our side."),
}


# Failures that have a row of their own, whoever's they are.
_OWN_CODES = frozenset({"relay_loop", "answer_repeats"})


class RelayError(Exception):
    """A refusal or a failed call. `details` are further members of the error object, such as `scope`."""

    def __init__(
        self,
        code: str,
        message: str | None = None,
        *,
        param: str | None = None,
        should_retry: bool | None = None,
        retry_after_seconds: float | None = None,
        headers: dict[str, str] | None = None,
        **details: Any,
    ) -> None:
        row = TABLE[code]
        super().__init__(message or row.message)
        self.code: str | None = code
        self.status = row.status
        self.type = row.type
        self.message = message or row.message
        self.param = param
        self.should_retry = row.should_retry if should_retry is None else should_retry
        self.retry_after_seconds = row.retry_after_seconds if retry_after_seconds is None else retry_after_seconds
        self.extra_headers = headers or {}
        self.details = details

    def problem(self, request_id: str = "") -> Problem:
        """Return the error as a client's protocol tells it."""
        return Problem(
            status=self.status,
            type=self.type,
            message=self.message,
            code=self.code,
            param=self.param,
            request_id=request_id,
            details=self.details,
        )

    def frames(self, dialect: str, *, request_id: str, form: str, has_begun: bool) -> bytes:
        """Return the error as the end of a stream in a client's protocol; see `Client.problem_frames`."""
        return registry.client(dialect).problem_frames(self.problem(request_id), form=form, has_begun=has_begun)

    def headers(self) -> dict[str, str]:
        """Return the headers that tell SDKs whether and when to try again."""
        headers = dict(self.extra_headers)
        if self.should_retry is not None:
            headers["x-should-retry"] = "true" if self.should_retry else "false"
        if self.retry_after_seconds is not None:
            headers["retry-after"] = str(max(1, min(120, round(self.retry_after_seconds))))
        return headers


def of_unexpressible(error: Unexpressible) -> RelayError:
    """Return the refusal of a request that is not well formed, or that nobody can pass on; it names the field."""
    return RelayError("unsupported_field", str(error), param=error.field, should_retry=False)


def from_failure(failure: Failure, *, attempts: int) -> RelayError:
    """Turn the last attempt's failure into what the client is told: its own fault in full, the vendor's in general."""
    if failure.kind is FailureKind.UNSUPPORTED:
        return RelayError("unsupported_field", failure.message, param=failure.param, should_retry=False)
    if failure.code in _OWN_CODES:
        return RelayError(failure.code)
    if not failure.kind.is_users_fault:
        code = "upstream_timeout" if failure.is_timeout else "upstream_unavailable"
        # We have already tried elsewhere: the client's retries would multiply ours.
        return RelayError(code, should_retry=False if attempts > 1 else None, retry_after_seconds=failure.retry_after_seconds)
    error = RelayError(
        "content_filter" if failure.kind is FailureKind.CONTENT_FILTER else "invalid_json", scrub(failure.message)[:_LONGEST_MESSAGE]
    )
    error.should_retry = False
    if failure.kind is FailureKind.BAD_REQUEST:
        error.code = scrub(failure.code) if failure.code else None
        error.status = failure.status if failure.status in {400, 413, 415, 422} else 400
    return error
