"""What a sub-key has used and what is left of it, for whoever holds the key: no account, also when it is used up or expired.

The secret comes by POST and is kept nowhere, so it stands in no address, no log and no history.
"""

from __future__ import annotations

from http import HTTPStatus

from django import forms
from django.core.cache import cache
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import keys
from accounts.models import ApiKey
from console.pages import charts, rows
from console.pages.context import base_url
from console.pages.door import PageRequest
from foundation.forms import HouseForm
from gateway import selectors

TRIES_A_MINUTE = 20
LAST_CALLS = 20
CHART_DAYS = 30


class HeldKeyForm(HouseForm):
    """Ask for a sub-key."""

    key = forms.CharField(
        label=_("Key"),
        max_length=200,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false", "placeholder": "sk-…"}),
        help_text=_("It is sent once, shown nowhere and not stored."),
    )


@sensitive_post_parameters("key")
@sensitive_variables("form")
@require_http_methods(["GET", "HEAD", "POST"])
def key_status(request: PageRequest) -> HttpResponse:
    """Show the form; for a key of this shop, its usage."""
    form = HeldKeyForm(request.POST if request.method == "POST" else None)
    context: dict[str, object] = {"form": form, "api_url": f"{base_url(request)}/v1"}
    status = HTTPStatus.OK
    if request.method == "POST" and not _may_try(request):
        form.add_error("key", gettext("Too many tries. Wait a minute."))
        status = HTTPStatus.TOO_MANY_REQUESTS
    elif request.method == "POST" and form.is_valid():
        key = _find(request, form.cleaned_data["key"])
        if key is None:
            form.add_error("key", gettext("This key is not known here."))
        else:
            context |= _usage(key)
    if form.errors and status == HTTPStatus.OK:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    response = render(request, "console/key_status.html", context, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


def _find(request: PageRequest, secret: str) -> ApiKey | None:
    """Return the key with this secret if it is one of this shop (the platform knows all); a revoked one is unknown."""
    key = keys.by_secret(secret)
    is_here = key is not None and (request.tenant.is_root or key.tenant_id == request.tenant.pk)
    return key if is_here and key is not None and key.state != ApiKey.State.REVOKED else None


def _usage(key: ApiKey) -> dict[str, object]:
    calls, _older = rows.calls(key.membership, limit=LAST_CALLS, wanted=selectors.Wanted(api_key_id=key.pk))
    who = Q(membership_id=key.membership_id, api_key_id=key.pk)
    return {"key": key, "row": rows.key_row(key), "rows": calls, "spending": charts.spending(who, days=CHART_DAYS), "is_bearer": True}


def _may_try(request: HttpRequest) -> bool:
    """Count a try of this address; 44 random characters are not guessed, the limit is against noise."""
    name = f"key-status:{request.META.get('REMOTE_ADDR')}"
    cache.add(name, 0, 60)
    return int(cache.incr(name)) <= TRIES_A_MINUTE
