"""Sub-keys in the console: the list, a new one with its secret shown once, revoking."""

from __future__ import annotations

import secrets
from http import HTTPStatus

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import keys
from accounts.models import ApiKey
from billing import limits
from console.pages import offer, rows, snippets
from console.pages.context import base_url
from console.pages.door import MemberRequest, members_only
from console.pages.forms import KeyForm

USED_NONCES = "used_key_forms"
KEEP_NONCES = 20


@members_only
@require_safe
def key_list(request: MemberRequest) -> HttpResponse:
    """List this member's keys, newest first, with what each has spent."""
    return render(request, "console/keys.html", {"rows": rows.key_rows(request.member)})


@members_only
@require_http_methods(["GET", "HEAD", "POST"])
def key_new(request: MemberRequest) -> HttpResponse:
    """Ask for the new key's name and limits; answer with the key itself."""
    model_names = offer.models(request.member)
    if request.method != "POST":
        form = KeyForm(model_names=model_names, initial={"nonce": secrets.token_urlsafe(16)})
        return render(request, "console/key_new.html", {"form": form})
    form = KeyForm(request.POST, model_names=model_names)
    if not form.is_valid():
        return render(request, "console/key_new.html", {"form": form}, status=HTTPStatus.UNPROCESSABLE_ENTITY)
    if not _first_use(request, nonce=form.cleaned_data["nonce"]):
        messages.warning(request, _("This key was made already and is not shown again. Make another one if you lost it."))
        return redirect("console_keys")
    return _made(request, form, model=next(iter(form.cleaned_data.get("models") or model_names), "gpt-4o-mini"))


@sensitive_variables()
def _made(request: MemberRequest, form: KeyForm, *, model: str) -> HttpResponse:
    """Make the key and show it: the one page that ever holds the secret. It is not stored, so there is no redirect."""
    with transaction.atomic():
        issued = keys.issue(
            membership=request.member,
            name=form.cleaned_data["name"],
            expires_at=form.expires_at(),
            models=form.cleaned_data.get("models", ()),
        )
        if allowances := form.allowances():
            limits.set_allowance(api_key_id=issued.key.pk, **allowances)
    blocks = snippets.ready(base_url=base_url(request), secret=issued.secret, model=model)
    return render(request, "console/key_made.html", {"key": issued.key, "secret": issued.secret, "snippets": blocks})


def _first_use(request: HttpRequest, *, nonce: str) -> bool:
    """Let each shown form make one key: reloading the answer must not make a second."""
    used: list[str] = request.session.get(USED_NONCES, [])
    if nonce in used:
        return False
    request.session[USED_NONCES] = [*used, nonce][-KEEP_NONCES:]
    return True


@members_only
@require_POST
def key_revoke(request: MemberRequest, pk: int) -> HttpResponse:
    """Revoke one of this member's keys, at once and for good."""
    key = get_object_or_404(ApiKey, pk=pk, membership=request.member)
    keys.revoke(key=key)
    messages.success(request, _("“%(name)s” is revoked. It is refused from now on.") % {"name": key.name})
    return redirect("console_keys")
