"""The human check: when a tenant wants one, and the field that asks for it.

A form's view calls `guard(form, …)` before it looks at the form: the field is added where this visitor must answer.
What looks like a program (a failed sign-in, a code that is none, one more order without payment) is told by
`note(…)`; under the policy "after failures" the third within an hour brings the question. Visitors are told apart by
address (IPv6 by its /64) and, where there is one, by what they aim at (`subject`: the account's name).
A tenant may have Cloudflare ask in place of the built-in check or on top of it (`accounts.turnstile`): without
JavaScript, and while Cloudflare cannot be asked, the built-in check stands in.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import turnstile
from accounts.models import Tenant, Turnstile
from foundation import csp, puzzles, vault

FIELD = "human"
FREE = 3
_HOUR = 3600


class HumanWidget(forms.Widget):
    """Work that the browser does by itself; without JavaScript a picture and a sound of digits."""

    # The tenant's check by Cloudflare, if it asks; and the door it is asked at.
    service: Turnstile | None = None
    door = ""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> tuple[str, str, str, str]:
        """Return the work done, the token of the digits, what was read, and Cloudflare's token."""
        work, token, digits, foreign = (data.get(f"{name}_{part}", "") for part in ("work", "token", "digits", "turnstile"))
        return (work, token, digits, foreign)

    def render(self, name: str, value: Any, attrs: dict[str, Any] | None = None, renderer: Any = None) -> SafeString:
        """Draw a fresh riddle: an old one was answered."""
        context = {"name": name, "id": (attrs or {}).get("id", f"id_{name}"), "work": puzzles.work(), "token": puzzles.digits()}
        if self.service is None:
            return render_to_string("partials/human.html", context)
        foreign = {"service": self.service, "script": turnstile.SCRIPT, "door": self.door}
        return render_to_string("partials/human_turnstile.html", context | foreign)


class HumanField(forms.Field):
    """Is satisfied by one right answer of either kind; where Cloudflare asks too, by its verdict."""

    widget = HumanWidget

    def __init__(self, *, service: Turnstile | None = None, door: str = "", address: str = "") -> None:
        super().__init__(label=gettext_lazy("Human check"), required=True)
        self.widget.service, self.widget.door, self._address = service, door, address

    def clean(self, value: Any) -> bool:
        """Raise ValidationError unless the riddle was solved just now."""
        work, token, digits, foreign = value or ("", "", "", "")
        service: Turnstile | None = self.widget.service
        is_instead = service is not None and service.mode == Turnstile.Mode.INSTEAD
        # Programs do work as well as browsers: where Cloudflare stands in its place it does not count.
        if not is_instead or digits:
            _check_built_in("" if is_instead else work, token, digits)
        if service is not None and not (is_instead and digits):
            self._ask(service, foreign)
        return True

    def _ask(self, service: Turnstile, token: str) -> None:
        try:
            is_human = turnstile.is_human(service, token=token, address=self._address)
        except turnstile.Unusable:
            # The form is shown again with the built-in check, which was not asked for; where it was, it is answered.
            self.widget.service = None
            if service.mode == Turnstile.Mode.INSTEAD:
                raise ValidationError(_again()) from None
        else:
            if not is_human:
                raise ValidationError(_again())


def guard(form: forms.Form, request: HttpRequest, *, door: str, subject: str = "") -> None:
    """Add the human check to a form where this visitor must answer it; call it before `is_valid()`."""
    if not is_wanted(request, door=door, subject=subject):
        return
    service = turnstile.of(request.tenant)  # type: ignore[attr-defined]  # set by TenantMiddleware
    if service is not None:
        csp.allow_widget(request, origin=turnstile.ORIGIN)
    form.fields[FIELD] = HumanField(service=service, door=door, address=request.META.get("REMOTE_ADDR", ""))


def is_wanted(request: HttpRequest, *, door: str, subject: str = "") -> bool:
    """Tell whether this visitor must answer at this door (`sign_in`, `sign_up`, `reset`, `checkout`, `lookup`, `redeem`, …)."""
    policy = request.tenant.captcha  # type: ignore[attr-defined]  # set by TenantMiddleware
    if policy != Tenant.Captcha.FAILURES:
        return bool(policy == Tenant.Captcha.ALWAYS)
    return any(count >= FREE for count in cache.get_many(_names(request, door, subject)).values())


def note(request: HttpRequest, *, door: str, subject: str = "", form: forms.Form | None = None) -> None:
    """Count something that programs do; a `form` that is shown again asks from now on."""
    for name in _names(request, door, subject):
        cache.add(name, 0, timeout=_HOUR)
        # The hour may end between the two calls.
        with contextlib.suppress(ValueError):
            cache.incr(name)
    if form is not None:
        guard(form, request, door=door, subject=subject)


def _check_built_in(work: str, token: str, digits: str) -> None:
    if puzzles.is_done(work) or (digits and puzzles.is_read(token, digits)):
        return
    raise ValidationError(_("These were not the digits. Try the new ones.") if digits else _again())


def _again() -> str:
    return _("Please send it once more: this check keeps programs out.")


def _names(request: HttpRequest, door: str, subject: str) -> list[str]:
    start = f"human:{request.tenant.pk}:{door}"  # type: ignore[attr-defined]  # set by TenantMiddleware
    names = [f"{start}:{_network(request.META.get('REMOTE_ADDR', ''))}"]
    return [*names, f"{start}:{vault.digest(subject.strip().lower(), purpose='human')}"] if subject else names


def _network(address: str) -> str:
    """Return what one visitor may be thought to have: an IPv4 address, or an IPv6 network of 64 bits."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    return str(found if found.version == 4 else ipaddress.ip_network((found, 64), strict=False))
