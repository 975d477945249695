"""Sub-keys in the manner of one-api's tokens. The secret is in the answer that makes one, and nowhere else."""

from __future__ import annotations

import datetime
from typing import Any, cast

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import audit, keys
from accounts.models import ApiKey
from billing import limits
from console.facade import shapes
from console.facade.base import FacadeView, Refused, done

MOST_UNITS = 4_000_000_000_000_000


class TokensView(FacadeView):
    """The caller's keys: list, make, change."""

    subject = "keys"

    def get(self, request: Request) -> Response:
        rows = self._own()
        if word := request.query_params.get("keyword", ""):
            rows = rows.filter(name__icontains=word[:60])
        offset, size = self.page()
        return self.listed([_shown(key) for key in rows[offset : offset + size]], total=rows.count())

    def post(self, request: Request) -> Response:
        wanted = _Wanted(request.data)
        issued = keys.issue(membership=self.member, **wanted.settings())
        if (micros := wanted.allowance(spent_micros=0)) is not None:
            limits.set_allowance(api_key_id=issued.key.pk, total_micros=micros)
        audit.record(actor=self.member.user, action="key.issue", target=issued.key, tenant=self.member.tenant)
        return done(_shown(issued.key, secret=issued.secret))

    def put(self, request: Request) -> Response:
        wanted = _Wanted(request.data)
        key = self._found(wanted.number("id"))
        if key.state == ApiKey.State.REVOKED:
            raise Refused("This key is revoked.")
        if "status" in wanted.body:
            keys.pause(key=key, is_paused=wanted.number("status") != shapes.ENABLED)
        if "status_only" not in request.query_params:
            _change(key, wanted)
        audit.record(actor=self.member.user, action="key.change", target=key, tenant=self.member.tenant)
        return done(_shown(key))

    def _own(self) -> Any:
        return ApiKey.objects.filter(membership=self.member).exclude(state=ApiKey.State.REVOKED).order_by("-pk")

    def _found(self, number: int) -> ApiKey:
        key = self._own().filter(pk=number).first()
        if key is None:
            raise Refused("There is no such token.")
        return cast(ApiKey, key)


class OneTokenView(TokensView):
    """One key: look at it, revoke it."""

    def get(self, request: Request, number: int = 0) -> Response:
        return done(_shown(self._found(number)))

    def delete(self, request: Request, number: int) -> Response:
        key = self._found(number)
        keys.revoke(key=key)
        audit.record(actor=self.member.user, action="key.revoke", target=key, tenant=self.member.tenant)
        return done(None)


class _Wanted:
    """A token as a tool sends it; numbers may come as texts."""

    def __init__(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise Refused("Send a JSON object.")
        self.body: dict[str, Any] = body

    def number(self, name: str) -> int:
        try:
            found = int(self.body.get(name) or 0)
        except (TypeError, ValueError):
            raise Refused(f"{name}: send a whole number.") from None
        if not -MOST_UNITS <= found <= MOST_UNITS:
            raise Refused(f"{name}: this number is too large.")
        return found

    def settings(self) -> dict[str, Any]:
        models = self.body.get("models") or self.body.get("model_limits") or ""
        networks = self.body.get("subnet") or self.body.get("allow_ips") or ""
        try:
            return {
                "name": str(self.body.get("name") or "key")[:60],
                "expires_at": self._ends(),
                "models": [name.strip()[:120] for name in str(models).split(",") if name.strip()],
                "networks": keys.clean_networks(str(networks).replace("\n", ",").split(",")),
            }
        except ValueError:
            raise Refused("subnet: write networks as CIDR, with commas between them.") from None

    def allowance(self, *, spent_micros: int) -> int | None:
        if self.body.get("unlimited_quota"):
            return None
        return spent_micros + max(0, self.number("remain_quota")) * shapes.MICROS_PER_UNIT

    def _ends(self) -> datetime.datetime | None:
        at = self.number("expired_time")
        try:
            return datetime.datetime.fromtimestamp(at, datetime.UTC) if at > 0 else None
        except (OverflowError, OSError, ValueError):
            raise Refused("expired_time: send seconds since 1970, or -1.") from None


def _change(key: ApiKey, wanted: _Wanted) -> None:
    """Give the key what the tool sends; limits it does not know stay."""
    settings = wanted.settings()
    # A tool that narrows the models knows nothing of other names: those that lead to a model left out end.
    aliases = [alias for alias in key.model_aliases if not settings["models"] or alias.partition("=")[2] in settings["models"]]
    keys.change(key=key, aliases=aliases, rpm=key.rpm, tpm=key.tpm, concurrency=key.concurrency, tags=key.tags, **settings)
    state = limits.state(key.pk)
    kept = {one.scope: one.limit_micros for one in state.windows}
    allowance = state.of("key")
    limits.set_allowance(
        api_key_id=key.pk,
        total_micros=wanted.allowance(spent_micros=allowance.spent_micros if allowance else 0),
        five_hours_micros=kept.get("5h"),
        day_micros=kept.get("day"),
        week_micros=kept.get("week"),
        month_micros=kept.get("month"),
    )


def _shown(key: ApiKey, *, secret: str | None = None) -> dict[str, Any]:
    return shapes.token(key, limits.state(key.pk), now=timezone.now(), secret=secret)
