"""Sub-keys in the console: the list, a new one with its secret shown once, and the page of one key."""

from __future__ import annotations

import secrets
from dataclasses import replace
from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts import keys, visits
from accounts.models import ApiKey
from billing import limits
from console.pages import charts, cursors, offer, rows, snippets
from console.pages.context import base_url
from console.pages.door import MemberRequest, members_only
from console.pages.key_forms import KeyForm
from gateway import selectors

USED_NONCES = "used_key_forms"
KEEP_NONCES = 20
CHART_DAYS = 30
LAST_CALLS = 8
SPARK_DAYS = 14


@visits.shown
@members_only
@require_safe
def key_list(request: MemberRequest) -> HttpResponse:
    """List this member's keys, newest first, with what each has spent."""
    text, state = request.GET.get("q", "").strip()[:60], request.GET.get("state", "")
    found, older = rows.key_rows(request.member, text=text, state=state, before=cursors.number(request.GET.get("before", "")))
    states = [*ApiKey.State.choices, ("expired", _("expired"))]
    context = {"text": text, "state": state, "states": states, "is_narrowed": bool(text or state)}
    sparks = charts.sparks(api_key_ids=[row.key.pk for row in found], days=SPARK_DAYS)
    shown = [replace(row, spark=sparks.get(row.key.pk)) for row in found]
    return render(request, "console/keys.html", context | {"rows": shown} | cursors.links(request, older=older))


@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def key_new(request: MemberRequest) -> HttpResponse:
    """Ask for the new key's name and limits; answer with the key itself."""
    model_names = offer.models(request.member)
    if request.method != "POST":
        form = KeyForm(model_names=model_names, initial={"nonce": new_nonce()})
        return render(request, "console/key_new.html", {"form": form})
    form = KeyForm(request.POST, model_names=model_names)
    if not form.is_valid():
        return render(request, "console/key_new.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if not first_use(request, nonce=form.cleaned_data["nonce"]):
        messages.warning(request, _("This key was made already and is not shown again. Make another one if you lost it."))
        return redirect("console_keys")
    with transaction.atomic():
        issued = keys.issue(membership=request.member, **form.settings())
        if any(amount is not None for amount in form.allowances().values()):
            limits.set_allowance(api_key_id=issued.key.pk, **form.allowances())
    return show_secret(request, issued)


@visits.shown
@members_only
@require_safe
def key_detail(request: MemberRequest, pk: int) -> HttpResponse:
    """Show one key: what it spent, what stops it, its settings and how to use it."""
    key = own_key(request, pk)
    calls, _older = rows.calls(request.member, limit=LAST_CALLS, wanted=selectors.Wanted(api_key_id=key.pk))
    who = Q(membership_id=request.member.pk, api_key_id=key.pk)
    context = {
        "row": rows.key_row(key),
        "key": key,
        "rows": calls,
        "spending": charts.spending(who, days=CHART_DAYS),
        "snippets": _blocks(request, key, secret=f"{key.prefix}…"),
    }
    return render(request, "console/key.html", context)


@sensitive_variables()
def show_secret(request: MemberRequest, issued: keys.Issued) -> HttpResponse:
    """Show a secret: the one page that ever holds it. It is not stored, so there is no redirect."""
    blocks = _blocks(request, issued.key, secret=issued.secret)
    return render(request, "console/key_made.html", {"key": issued.key, "secret": issued.secret, "snippets": blocks})


def own_key(request: MemberRequest, pk: int) -> ApiKey:
    """Return one of this member's keys, or 404."""
    return get_object_or_404(ApiKey, pk=pk, membership=request.member)


def live_key(request: MemberRequest, pk: int) -> ApiKey:
    """Return one of this member's keys that is not revoked, or 404."""
    key = own_key(request, pk)
    if key.state == ApiKey.State.REVOKED:
        raise Http404
    return key


def new_nonce() -> str:
    """Return what makes one shown form different from the next."""
    return secrets.token_urlsafe(16)


def first_use(request: HttpRequest, *, nonce: str) -> bool:
    """Let each shown form make one secret: reloading the answer must not make a second."""
    used: list[str] = request.session.get(USED_NONCES, [])
    if not nonce or nonce in used:
        return False
    request.session[USED_NONCES] = [*used, nonce][-KEEP_NONCES:]
    return True


def _blocks(request: MemberRequest, key: ApiKey, *, secret: str) -> tuple[snippets.Snippet, ...]:
    """Return the settings for clients, with models that the key may call."""
    models = tuple(key.models_allowed) or offer.models(request.member) or ("gpt-4o-mini",)
    return snippets.ready(base_url=base_url(request), secret=secret, model=models[0], models=models)
