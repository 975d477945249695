"""Texts of mails to customers: what there is to fill in, and a tenant's own words, in which only `{{ name }}` is replaced.

Own words are no templates of Django's: nothing in them is run. Words that cannot be filled in lose no mail: the built-in text
leaves in their place, and the tenant's owners are told once.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import events
from accounts.mail_kinds import MAILS, NAMES
from accounts.models import MailText, Membership
from foundation import notify

_AS_WRITTEN: Mapping[str, str] = MappingProxyType({})


class Words(string.Template):
    """A text whose `{{ name }}` are replaced; `{{{{` is `{{` itself."""

    delimiter = "{{"
    flags = re.NOFLAG
    pattern = r"\{\{(?:(?P<escaped>\{\{)|[ ]*(?P<named>[a-z_]+)[ ]*\}\}|(?P<braced>(?!))|(?P<invalid>))"  # type: ignore[assignment]  # compiled by the class


def problems(*, template: str, subject: str, body: str) -> dict[str, str]:
    """Return what is wrong with a tenant's words, by field (`subject`, `body`); empty when they can be used."""
    mail = MAILS[template]
    found = {field: text for field, text in {"subject": _wrong(template, subject), "body": _wrong(template, body)}.items() if text}
    used = set(Words(body).get_identifiers()) if "body" not in found else set()
    if body.strip() and "body" not in found and mail.needs and not used & set(mail.needs):
        wanted = " / ".join(_braced(name) for name in mail.needs)
        found["body"] = _("This mail is of no use without %(names)s.") % {"names": wanted}
    return found


def fill(text: str, context: Mapping[str, Any]) -> str:
    """Return a text with its names replaced. Raises KeyError for a name without a value and ValueError for stray braces."""
    return Words(text).substitute(context)


def built_in(template: str, *, language: str, context: Mapping[str, Any] | None = None) -> tuple[str, str]:
    """Return subject and body of the built-in text in a language; without a context with `{{ name }}` where values stand."""
    names = {name: _braced(name) for name in MAILS[template].names}
    return notify.render(template, language=language, context=names if context is None else context)


def sample(template: str, *, shop: str, amounts: Mapping[str, str] = _AS_WRITTEN) -> dict[str, str]:
    """Return values with which a text can be looked at; `amounts` are those that the shop writes in a way of its own."""
    known = {name: NAMES[name].sample for name in MAILS[template].names} | {"shop": shop, **amounts}
    return {name: known[name] for name in MAILS[template].names}


def preview(
    template: str, *, language: str, subject: str, body: str, shop: str, amounts: Mapping[str, str] = _AS_WRITTEN
) -> tuple[str, str]:
    """Return subject and body as a customer would read them, with the amounts of `sample`; the text must have no `problems`."""
    values = sample(template, shop=shop, amounts=amounts)
    theirs = built_in(template, language=language, context=values)
    return (_line(fill(subject, values)) or theirs[0], fill(body, values) if body.strip() else theirs[1])


def send_sample(*, text: MailText, to: str, amounts: Mapping[str, str] = _AS_WRITTEN) -> None:
    """Mail a text with examples (`sample`) in place of its names, the way customers' mails go; it says in its subject that it is a test."""
    shop = text.tenant
    words = preview(text.template, language=text.language, subject=text.subject, body=text.body, shop=shop.name, amounts=amounts)
    with translation.override(text.language):
        title = _("[Test] %s") % words[0]
    notify.email(
        to=to, template="notice", context={"title": title, "body": words[1]}, language=text.language, sender_name=shop.name,
        reply_to=shop.reply_to, account=shop.pk,
    )  # fmt: skip


@notify.wording
def own(account: int, template: str, language: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return a tenant's own subject and body for a mail; empty ones where the built-in text is to be sent."""
    row = MailText.objects.filter(tenant_id=account, template=template, language=language).first() if template in MAILS else None
    if row is None:
        return "", ""
    try:
        return _line(fill(row.subject, context)), fill(row.body, context) if row.body.strip() else ""
    except (KeyError, ValueError) as error:
        _tell(row, f"{type(error).__name__}: {error}"[:200])
        return "", ""


def _wrong(template: str, text: str) -> str:
    if "{%" in text:
        return _("Only {{ name }} is replaced in a text; {% … %} is not understood.")
    words = Words(text)
    if not words.is_valid():
        return _("Write names as {{ name }}: there are braces that are no name.")
    unknown = sorted(set(words.get_identifiers()) - set(MAILS[template].names))
    if unknown:
        known = ", ".join(_braced(name) for name in MAILS[template].names)
        return _("This mail knows no %(names)s. It knows: %(known)s") % {"names": ", ".join(map(_braced, unknown)), "known": known}
    return ""


def _tell(row: MailText, problem: str) -> None:
    """Note that a text cannot be used, and tell the tenant's owners, once until it is changed."""
    if not MailText.objects.filter(pk=row.pk, problem="").update(problem=problem):
        return
    occasion = f"{row.pk}:{row.changed_at or timezone.now():%s}"
    mail = MAILS[row.template]
    told = {"mail": row.template, "language": row.language, "problem": problem}
    events.emit(tenant_id=row.tenant_id, kind="mail.broken", data=told, key=occasion)
    for member in Membership.objects.filter(tenant=row.tenant_id, role=Membership.Role.OWNER).select_related("user", "tenant"):
        if member.user.email:
            language = member.user.language or member.tenant.language
            with translation.override(language):
                title = _("Your text of the mail “%(mail)s” cannot be used") % {"mail": mail.label}
                body = _("The built-in text was sent in its place. Correct yours in the back office: %(problem)s") % {"problem": problem}
            notify.email(
                to=member.user.email, template="notice", context={"title": title, "body": body}, language=language,
                sender_name=member.tenant.name, account=row.tenant_id, key=f"mail-text:{occasion}:{member.pk}",
            )  # fmt: skip


def _line(text: str) -> str:
    return " ".join(text.split())


def _braced(name: str) -> str:
    return f"{{{{ {name} }}}}"
