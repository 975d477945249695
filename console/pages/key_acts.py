"""What a member does with a sub-key that exists: change it, give it a new secret, pause it, revoke it."""

from __future__ import annotations

from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import keys
from accounts.models import ApiKey
from billing import limits
from console.pages import offer
from console.pages.door import MemberRequest, members_only
from console.pages.key_forms import KeyEditForm, RotateForm
from console.pages.keys import first_use, live_key, new_nonce, own_key, show_secret


@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def key_edit(request: MemberRequest, pk: int) -> HttpResponse:
    """Change the name and the limits; the secret and what was spent stay."""
    key = live_key(request, pk)
    form = KeyEditForm(request.POST if request.method == "POST" else None, key=key, model_names=offer.models(request.member))
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            keys.change(key=key, **form.settings())
            if form.allowances() != _allowances(key):
                limits.set_allowance(api_key_id=key.pk, **form.allowances())
        messages.success(request, _("Saved."))
        return redirect("console_key", pk=key.pk)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
    return render(request, "console/key_edit.html", {"form": form, "key": key}, status=status)


@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def key_rotate(request: MemberRequest, pk: int) -> HttpResponse:
    """Give the key a new secret and show it once; the old one may work on for a while."""
    key = live_key(request, pk)
    form = RotateForm(request.POST) if request.method == "POST" else RotateForm(initial={"overlap": "24", "nonce": new_nonce()})
    if request.method != "POST" or not form.is_valid():
        status = HTTPStatus.UNPROCESSABLE_ENTITY if form.errors else HTTPStatus.OK
        return render(request, "console/key_rotate.html", {"form": form, "key": key}, status=status)
    if not first_use(request, nonce=form.cleaned_data["nonce"]):
        messages.warning(request, _("The new secret was shown already. Rotate the key again if you lost it."))
        return redirect("console_key", pk=key.pk)
    return show_secret(request, keys.rotate(key=key, overlap=form.duration()))


@members_only
@require_POST
def key_pause(request: MemberRequest, pk: int) -> HttpResponse:
    """Refuse the key for a while, or take it up again."""
    key = live_key(request, pk)
    is_paused = key.state == ApiKey.State.ACTIVE
    keys.pause(key=key, is_paused=is_paused)
    texts = _("“%(name)s” is paused.") if is_paused else _("“%(name)s” works again.")
    messages.success(request, texts % {"name": key.name})
    return redirect("console_key", pk=key.pk)


@members_only
@require_POST
def key_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    """Revoke one of this member's keys, at once and for good."""
    key = own_key(request, pk)
    keys.revoke(key=key)
    messages.success(request, _("“%(name)s” is revoked. It is refused from now on.") % {"name": key.name})
    return redirect("console_keys")


def _allowances(key: ApiKey) -> dict[str, int | None]:
    found = {one.scope: one.limit_micros for one in limits.state(key.pk).windows}
    return {
        "total_micros": found.get("key"),
        "five_hours_micros": found.get("5h"),
        "day_micros": found.get("day"),
        "week_micros": found.get("week"),
        "month_micros": found.get("month"),
    }
