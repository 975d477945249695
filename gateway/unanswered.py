"""A call that nobody answered: what its client is told, and what the log keeps of it."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Sequence

from accounts.keys import KeyFacts
from channels_app.contract import Call, Failure, FailureKind, Usage
from foundation.values import value
from gateway import errors
from gateway.errors import RelayError
from gateway.journey import EMPTY, TRANSPORT
from gateway.relay import Outcome
from gateway.routing import Attempt, Failed
from gateway.spool import Line

log = logging.getLogger("keyosk.relay")
# The client left before anything came.
LEFT = "client_left"
# It holds a word that its shop does not take: no vendor was asked.
BLOCKED = "sensitive_words_detected"


@value
class Unanswered:
    """What the log keeps: `error` is a code its customer may see; channel ids and `reasons`, one each, are the operator's."""

    error: str
    tried: list[int]
    reasons: list[str]


def refusal(outcome: Outcome, request_id: uuid.UUID) -> RelayError:
    """Return what the client is told."""
    if outcome.failure is None:
        return RelayError("no_channel_available")
    log.warning(
        "no channel answered",
        extra={"request": str(request_id), "tried": [(one.attempt.channel.id, reason(one.failure)) for one in outcome.failed]},
    )
    return errors.from_failure(outcome.failure, attempts=len(outcome.failed))


def of(outcome: Outcome, told: RelayError) -> Unanswered | None:
    """Return what is kept of a call that reached a vendor; None of one that was never sent: it costs nobody anything to repeat it."""
    failure = outcome.failure
    if failure is None or all(_is_unsent(one.failure) for one in outcome.failed):
        return None
    error = FailureKind.BAD_REQUEST.value if failure.kind is FailureKind.BAD_REQUEST else told.code or ""
    return Unanswered(error, [one.attempt.channel.id for one in outcome.failed], reasons(outcome.failed))


def of_left(attempt: Attempt | None) -> Unanswered | None:
    """Return what is kept of a call whose client left while a channel was asked."""
    return None if attempt is None else Unanswered(LEFT, [attempt.channel.id], [LEFT])


def line(key: KeyFacts, call: Call, request_id: uuid.UUID, what: Unanswered, *, status: str, total_ms: int) -> Line:
    """Return what is written down of it: a line without a price, a channel or usage."""
    return Line(
        id=request_id, key=key.id, tenant=key.tenant_id, member=key.membership_id, main=0, price=0, numerator="0", parts=[], splits=[],
        budgets=[], book="", usage={}, source=Usage().source, model=call.model, upstream_model="", channel=None, channel_key=None, cost=0,
        status=status, stream=call.is_stream, first_ms=None, total_ms=total_ms, tried=what.tried, reasons=what.reasons, error=what.error,
    )  # fmt: skip


def reasons(failed: Sequence[Failed]) -> list[str]:
    """Return why tries failed, in words of ours."""
    return [reason(one.failure) for one in failed]


def reason(failure: Failure) -> str:
    """Return the kind of a failure, and where that says little what it was: a timeout, a broken connection, nothing in the answer."""
    if failure.is_timeout:
        return "timeout"
    return failure.code if failure.code in {EMPTY, TRANSPORT} else failure.kind.value


def _is_unsent(failure: Failure) -> bool:
    return failure.kind is FailureKind.UNSUPPORTED or (failure.kind.is_users_fault and not failure.was_sent)
