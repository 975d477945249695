"""Tell people things: e-mail from templates, and a POST to any HTTP address. Everything goes through the outbox."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Mapping
from email.utils import formataddr, parseaddr
from typing import Any

import orjson
from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.utils import translation

from foundation import outbound, outbox

EMAIL_TOPIC = "notify.email"
HTTP_TOPIC = "notify.http"
TIMEOUT_SECONDS = 10.0
_carriers: dict[str, Callable[[int], BaseEmailBackend]] = {}
Wording = Callable[[int, str, str, Mapping[str, Any]], tuple[str, str]]
_wordings: dict[str, Wording] = {}


class NotDelivered(Exception):
    """The receiver did not take the message; it is tried again."""


def email(
    *,
    to: str,
    template: str,
    context: Mapping[str, Any],
    language: str = "en",
    sender_name: str = "",
    reply_to: str = "",
    account: int | None = None,
    key: str | None = None,
) -> None:
    """Send templates emails/<template>.{subject.txt,txt[,html]}; `context` must be JSON: it waits in the outbox.

    `account` is whose mail it is: the room that knows accounts says by what it leaves (`carrier`).
    """
    words = {"to": to, "template": template, "language": language, "name": sender_name, "reply_to": reply_to}
    payload = {**words, "context": dict(context), "account": account}
    outbox.put(topic=EMAIL_TOPIC, payload=payload, key=key)


def carrier(function: Callable[[int], BaseEmailBackend]) -> Callable[[int], BaseEmailBackend]:
    """Make a function the one that says by what an account's mails leave."""
    _carriers["mail"] = function
    return function


def wording(function: Wording) -> Wording:
    """Make a function the one that says in an account's own words what a mail says: (account, template, language, context) → subject, body.

    What it leaves empty is the template's. It must not raise: a mail is never lost to its wording.
    """
    _wordings["mail"] = function
    return function


def http(*, url: str, payload: Mapping[str, Any], key: str | None = None) -> None:
    """POST a JSON object to an address outside; anything but 2xx is tried again."""
    outbox.put(topic=HTTP_TOPIC, payload={"url": url, "payload": dict(payload)}, key=key)


def sender(name: str) -> str:
    """Return the platform's sending address under another name."""
    _, address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return formataddr((name, address)) if name else settings.DEFAULT_FROM_EMAIL


def render(template: str, *, language: str, context: Mapping[str, Any]) -> tuple[str, str]:
    """Return subject and body of a mail's template in a language."""
    with translation.override(language):
        return " ".join(_plain(f"emails/{template}.subject.txt", context).split()), _plain(f"emails/{template}.txt", context)


# What a mail said may let in who reads it: an invitation's link, a one-time code.
@outbox.handler(EMAIL_TOPIC, forgets=("context",))
def deliver_email(message_id: uuid.UUID, payload: Mapping[str, Any]) -> None:
    """Render one e-mail in its language, in its account's own words where it has some, and hand it to the mail server."""
    stem, context = f"emails/{payload['template']}", dict(payload["context"])
    own_subject, own_body = _own_words(payload)
    subject, body = render(payload["template"], language=payload["language"], context=context)
    with translation.override(payload["language"]):
        message = EmailMultiAlternatives(
            subject=own_subject or subject,
            body=own_body or body,
            from_email=sender(payload["name"]),
            to=[payload["to"]],
            reply_to=[payload["reply_to"]] if payload["reply_to"] else None,
            headers={"Message-ID": f"<{message_id}@keyosk>"},
            connection=_connection(payload.get("account")),
        )
        # Plain text is enough where there is no HTML, and where somebody wrote their own.
        with contextlib.suppress(TemplateDoesNotExist):
            if not own_body:
                message.attach_alternative(render_to_string(f"{stem}.html", context), "text/html")
    message.send()


def _plain(name: str, context: Mapping[str, Any]) -> str:
    """Render plain text: a shop called “Tea & Co” is no HTML."""
    template: Any = get_template(name)
    text: str = template.template.render(Context(dict(context), autoescape=False))
    return text


def _own_words(payload: Mapping[str, Any]) -> tuple[str, str]:
    """Return an account's own subject and body; empty ones where the template's are sent."""
    account = payload.get("account")
    if account is None or "mail" not in _wordings:
        return "", ""
    return _wordings["mail"](account, payload["template"], payload["language"], payload["context"])


def _connection(account: int | None) -> BaseEmailBackend | None:
    """Return by what an account's mails leave; None for the platform's own way."""
    return None if account is None or "mail" not in _carriers else _carriers["mail"](account)


@outbox.handler(HTTP_TOPIC, forgets=("payload",))
def deliver_http(message_id: uuid.UUID, payload: Mapping[str, Any]) -> None:
    """POST one message; the receiver sees the same Keyosk-Message id when it is tried again."""
    response = outbound.request(
        "POST",
        payload["url"],
        headers=[("Content-Type", "application/json"), ("Keyosk-Message", str(message_id))],
        content=orjson.dumps(payload["payload"]),
        timeout_seconds=TIMEOUT_SECONDS,
    )
    if not 200 <= response.status < 300:
        raise NotDelivered(f"answered {response.status}")
