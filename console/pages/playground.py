"""The playground: talk to a model from the page itself, with a sub-key that lives for a day and spends little.

The page asks the relay as any client does; nothing that is said passes through here. The key's secret is sealed in the
session of the one browser that began: a reload goes on, another browser begins anew, which gives the key another secret.
"""

from __future__ import annotations

import datetime

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import keys
from accounts.models import ApiKey, Membership
from billing import ledger, limits
from billing.money import MICROS
from console.pages import offer
from console.pages.context import base_url
from console.pages.door import MemberRequest, members_only
from foundation import vault

SESSION = "playground"
TAG = "playground"
LIFETIME = datetime.timedelta(days=1)
DAY_MICROS = MICROS
RPM = 20
_SEAL = "playground-key"


@members_only
@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_variables("secret")
def show(request: MemberRequest) -> HttpResponse:
    """Show the page; POST makes its key, or gives it another day."""
    if request.method == "POST":
        issued = begin(request.member)
        request.session[SESSION] = {"key": issued.key.pk, "sealed": vault.seal(issued.secret, context=_SEAL)}
        return redirect(request.get_full_path())
    key, secret = _kept(request)
    models = offer.models(request.member)
    wanted = request.GET.get("model", "")
    context = {
        "key": key,
        "secret": secret,
        "models": models,
        "chosen": wanted if wanted in models else next(iter(models), ""),
        "api_url": f"{base_url(request)}/v1",
        "day_micros": DAY_MICROS,
        "is_empty": ledger.balance(membership_id=request.member.pk).available_micros <= 0,
    }
    return render(request, "console/playground.html", context)


@transaction.atomic
def begin(member: Membership) -> keys.Issued:
    """Return the member's key for the playground with a new secret, good for a day; the first time it is made."""
    until = timezone.now() + LIFETIME
    key = ApiKey.objects.filter(membership=member, tags__contains=[TAG], state=ApiKey.State.ACTIVE).order_by("-pk").first()
    if key is None:
        issued = keys.issue(membership=member, name=_("Playground"), expires_at=until, rpm=RPM, tags=[TAG])
        limits.set_allowance(api_key_id=issued.key.pk, day_micros=DAY_MICROS)
        return issued
    keys.change(
        key=key, name=key.name, expires_at=until, models=key.models_allowed, aliases=key.model_aliases, networks=key.networks_allowed,
        rpm=key.rpm, tpm=key.tpm, concurrency=key.concurrency, tags=key.tags,
    )  # fmt: skip
    return keys.rotate(key=key, overlap=datetime.timedelta(0))


def _kept(request: MemberRequest) -> tuple[ApiKey | None, str]:
    """Return the key that this browser began with and its secret, while it works."""
    kept = request.session.get(SESSION)
    if kept is None:
        return None, ""
    live = ApiKey.objects.filter(membership=request.member, state=ApiKey.State.ACTIVE, expires_at__gt=timezone.now())
    key = live.filter(pk=kept["key"]).first()
    if key is None:
        return None, ""
    secret = vault.unseal(kept["sealed"], context=_SEAL)
    # Another browser may have begun anew since.
    return (key, secret) if key.digest == keys.digest(secret) else (None, "")
