"""Check channels: when, what follows for keys and channels, and what is kept of it.

A key is put aside only where the vendor refuses it or its account has no money, and only after repeated failures; a
channel goes out with its last key. A check that succeeds brings both back. Slow, busy or broken vendors are the relay's
to avoid, call by call. What a person disabled stays disabled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import DurationField, ExpressionWrapper, F, Q, Value
from django.utils import timezone

from channels_app import bulletin, channels, notices, probes, questions, selectors
from channels_app.contract import Failure, FailureKind
from channels_app.models import Channel, ChannelCheck, ChannelKey, CheckRun
from channels_app.probes import Probe
from channels_app.questions import Question
from channels_app.redaction import scrub

FAILURES_TO_DISABLE = 3
# No check takes longer; what has begun earlier has died.
LONGEST = timedelta(minutes=5)
_ASIDE = {FailureKind.BAD_KEY: ChannelKey.State.REFUSED, FailureKind.NO_QUOTA: ChannelKey.State.EMPTY}


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a check found: the first key that answered, else the first failure; `probes` holds all keys' answers."""

    ok: bool
    latency_ms: int
    failure: Failure | None = None
    first_ms: int | None = None
    kind: str = questions.CHAT
    model: str = ""
    probes: tuple[Probe, ...] = ()


def probe(channel_id: int) -> ProbeResult | None:
    """Check a channel, whatever its state, and record the result; None when it is being checked, or never is.

    Raise Channel.DoesNotExist.
    """
    facts = selectors.load_one(channel_id)
    settings = Channel.objects.values("check_kind", "check_model").get(pk=channel_id)
    asked = questions.question(facts, kind=settings["check_kind"], model=settings["check_model"])
    if asked is None or not _claim(channel_id, timezone.now()):
        return None
    try:
        result = _result(asked, probes.ask(facts, asked))
        record(channel_id=channel_id, result=result, now=timezone.now())
    finally:
        ChannelCheck.objects.filter(channel_id=channel_id).update(started_at=None)
    return result


def _result(asked: Question, found: Sequence[Probe]) -> ProbeResult:
    best = next((one for one in found if one.failure is None), found[0])
    return ProbeResult(best.failure is None, best.latency_ms, best.failure, best.first_ms, asked.kind, asked.model, tuple(found))


@transaction.atomic
def record(*, channel_id: int, result: ProbeResult, now: datetime) -> ChannelCheck:
    """Keep a check's result; put keys and the channel aside, or bring them back, where that follows."""
    check, _ = ChannelCheck.objects.select_for_update().get_or_create(channel_id=channel_id)
    failure = result.failure
    check.state = ChannelCheck.State.OK if result.ok else ChannelCheck.State.FAILED
    check.latency_ms, check.first_ms = result.latency_ms, result.first_ms
    check.failure = failure.kind.value if failure else ""
    check.message = scrub(failure.message)[:300] if failure else ""
    check.failures_in_row = 0 if result.ok else check.failures_in_row + 1
    check.checked_at = now
    check.refused_keys = _refusals(check.refused_keys, result.probes)
    check.save()
    CheckRun.objects.create(
        channel_id=channel_id,
        kind=result.kind,
        model=result.model,
        ok=result.ok,
        latency_ms=result.latency_ms,
        first_ms=result.first_ms,
        failure=check.failure,
        message=check.message,
    )
    if check.channel.is_watched:
        _draw_conclusions(check, result)
    return check


def _refusals(before: dict[str, int], found: Sequence[Probe]) -> dict[str, int]:
    """Count how often each key was refused in a row; other failures say nothing about a key."""
    after = dict(before)
    for one in found:
        if one.failure is None:
            after.pop(str(one.key_id), None)
        elif one.failure.kind in _ASIDE:
            after[str(one.key_id)] = after.get(str(one.key_id), 0) + 1
    return after


def _draw_conclusions(check: ChannelCheck, result: ProbeResult) -> None:
    channel, when = check.channel, check.checked_at.isoformat() if check.checked_at else ""
    for one in result.probes:
        _judge_key(channel, one, check.refused_keys.get(str(one.key_id), 0), when)
    failure = result.failure
    if failure is None:
        if channels.revive(channel=channel):
            notices.tell(channel=channel, template="channel_back", occasion=f"back:{when}", context={})
    elif failure.kind in _ASIDE and check.failures_in_row >= FAILURES_TO_DISABLE:
        reason = f"{failure.kind.value}: {check.message}"
        if channels.auto_disable(channel=channel, reason=reason):
            notices.tell(channel=channel, template="channel_out", occasion=f"out:{when}", context={"reason": reason})


def _judge_key(channel: Channel, one: Probe, refusals: int, when: str) -> None:
    """Put a key aside that was refused repeatedly, and bring it back when it answers."""
    key = ChannelKey.objects.filter(pk=one.key_id).first()
    if key is None or key.state == ChannelKey.State.DISABLED:
        return
    if one.failure is None:
        channels.set_key_state(key=key, state=ChannelKey.State.ACTIVE)
        bulletin.key_answers(channel_id=channel.pk, key_id=key.pk)
    elif one.failure.kind in _ASIDE and refusals >= FAILURES_TO_DISABLE:
        reason = f"{one.failure.kind.value}: {scrub(one.failure.message)}"[:300]
        if channels.set_key_state(key=key, state=_ASIDE[one.failure.kind], reason=reason):
            context = {"key": key.masked, "reason": reason}
            notices.tell(channel=channel, template="channel_key_out", occasion=f"key:{key.pk}:{when}", context=context)


def due(now: datetime | None = None) -> list[int]:
    """Return the channels whose next check is due: never those a person disabled, or that are not to be checked."""
    pause = ExpressionWrapper(F("check_seconds") * Value(timedelta(seconds=1)), output_field=DurationField())
    until = ExpressionWrapper(F("check_result__checked_at") + pause, output_field=ChannelCheck._meta.get_field("checked_at"))
    rows = Channel.objects.exclude(state=Channel.State.DISABLED).exclude(check_kind=Channel.CheckKind.OFF)
    fresh = Q(check_result=None) | Q(check_result__checked_at=None)
    return list(rows.annotate(next=until).filter(fresh | Q(next__lte=now or timezone.now())).order_by("pk").values_list("pk", flat=True))


def _claim(channel_id: int, now: datetime) -> bool:
    """Take the right to check now; False while another check of the channel runs."""
    ChannelCheck.objects.bulk_create([ChannelCheck(channel_id=channel_id)], ignore_conflicts=True)
    idle = Q(started_at=None) | Q(started_at__lte=now - LONGEST)
    return ChannelCheck.objects.filter(idle, channel_id=channel_id).update(started_at=now) == 1
