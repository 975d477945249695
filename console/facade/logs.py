"""Calls in the manner of one-api's log; and what a sub-key may ask about itself by its own secret."""

from __future__ import annotations

import datetime
from typing import Any, cast

from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import keys
from accounts.models import ApiKey
from billing import limits
from console.facade import shapes
from console.facade.base import DEEPEST, FacadeView, done
from gateway import selectors
from gateway.models import UsageRecord
from gateway.selectors import Wanted

_LAST = 100


class LogView(FacadeView):
    """The caller's calls, the newest first."""

    subject = "usage"

    def get(self, request: Request) -> Response:
        (offset, size), wanted = self.page(), self._wanted()
        found = selectors.calls(membership_id=self.member.pk, offset=offset, limit=size, wanted=wanted)
        names = dict(ApiKey.objects.filter(membership=self.member).values_list("pk", "name"))
        rows = [shapes.call(row, names=names, username=self.member.username or "") for row in found]
        # Only new-api tells how many there are.
        total = selectors.count_calls(membership_id=self.member.pk, most=DEEPEST, wanted=wanted) if self.is_new else 0
        return self.listed(rows, total=total)

    def _wanted(self) -> Wanted:
        key = ApiKey.objects.filter(membership=self.member, name=self.request.query_params.get("token_name", "")).first()
        return Wanted(
            api_key_id=key.pk if key is not None else None,
            model=self.request.query_params.get("model_name", ""),
            since=_moment(self.number("start_timestamp")),
            until=_moment(self.number("end_timestamp")),
        )


class StatView(LogView):
    """What these calls cost, and the last minute's rates."""

    def get(self, request: Request) -> Response:
        spent = selectors.sum_calls(membership_id=self.member.pk, wanted=self._wanted())
        minute = Wanted(since=datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=1))
        last = selectors.sum_calls(membership_id=self.member.pk, wanted=minute)
        units = shapes.units_spent(spent.price_micros)
        return done({"quota": units, "rpm": last.calls, "tpm": last.input_tokens + last.output_tokens})


class KeyView(FacadeView):
    """What a sub-key may spend and has spent; it stands in Authorization, also when it is exhausted or has expired."""

    def get(self, request: Request) -> Response:
        key = self._key(request)
        left, used = selectors.left_and_used(key_id=key.pk, membership_id=key.membership_id)
        data = {
            "object": "token_usage",
            "name": key.name,
            "total_granted": shapes.units_left(left + used),
            "total_used": shapes.units_spent(used),
            "total_available": shapes.units_left(left),
            "unlimited_quota": limits.state(key.pk).of("key") is None,
            "model_limits": dict.fromkeys(key.models_allowed, True),
            "model_limits_enabled": bool(key.models_allowed),
            "expires_at": max(0, shapes.seconds(key.expires_at)),
        }
        return Response({"code": True, "message": "ok", "data": data})

    def _key(self, request: Request) -> ApiKey:
        """Return the sub-key that asks; the platform's hosts know all, a shop's its own."""
        text = request.headers.get("Authorization", "").strip().rpartition(" ")[2] or request.query_params.get("key", "")
        key = keys.by_secret(text) or (keys.by_secret(f"sk-{text}") if text else None)
        here = cast(Any, request._request).tenant
        if key is None or key.state == ApiKey.State.REVOKED or not (here.is_root or key.tenant_id == here.pk):
            raise exceptions.NotAuthenticated
        return key


class KeyLogView(KeyView):
    """The last calls of a sub-key."""

    def get(self, request: Request) -> Response:
        key = self._key(request)
        rows: list[UsageRecord] = selectors.latest(key_id=key.pk, limit=_LAST)
        return done([shapes.call(row, names={key.pk: key.name}, username="") for row in rows])


def _moment(seconds: int) -> datetime.datetime | None:
    return datetime.datetime.fromtimestamp(min(seconds, 253_402_300_799), datetime.UTC) if seconds else None
